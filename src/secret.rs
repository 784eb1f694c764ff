//! What must not be seen: settings that open doors, and the codes buyers pay for.
//!
//! A [`Code`] cannot be printed, serialised or compared by accident; [`Code::reveal`] is the only way
//! to its text, and a test lists the files that may call it. At rest, codes are sealed with
//! XChaCha20-Poly1305: `v1.<key id>.<base64(nonce ‖ ciphertext)>`, with the key id, table, row and
//! column as associated data, so that a sealed value moved to another row does not open. The first key
//! of the [`KeyRing`] seals; every key opens, so a new key can be put in front while the shop runs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::world::Entropy;

pub use secrecy::{ExposeSecret, SecretString};

/// One code as a supplier gave it, exact to the byte, with its serial number if the goods have one.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    value: Zeroizing<String>,
    serial: Option<Zeroizing<String>>,
}

impl Code {
    /// A code without a serial.
    pub fn new(value: String) -> Self {
        Self { value: Zeroizing::new(value), serial: None }
    }

    /// The same code with its serial number; an empty serial is none.
    #[must_use]
    pub fn with_serial(mut self, serial: Option<String>) -> Self {
        self.serial = serial.filter(|serial| !serial.is_empty()).map(Zeroizing::new);
        self
    }

    /// The text of the code and its serial.
    pub fn reveal(&self) -> (&str, Option<&str>) {
        (&self.value, self.serial.as_ref().map(|serial| serial.as_str()))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code([REDACTED])")
    }
}

/// The codes of one order.
pub type Codes = Vec<Code>;

/// Why something could not be sealed or opened. Never says what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// `KIOSK_VAULT__KEYS` is not a list of `id:base64key`.
    #[error("a key must look like id:base64, with 32 bytes in the base64 and a short id of letters and digits")]
    BadKey,
    /// No key, or two with one id.
    #[error("the key ring needs at least one key, each with its own id")]
    BadRing,
    /// Sealed with a key that is not in the ring.
    #[error("sealed with the key {0:?}, which is not in the key ring")]
    UnknownKey(String),
    /// Damaged, or moved to another place.
    #[error("a sealed value does not open")]
    DoesNotOpen,
}

/// Where a sealed value lives; it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's identity.
    pub row: &'a str,
    /// The column.
    pub column: &'static str,
}

/// The sealing keys, newest first.
pub struct KeyRing(Vec<(String, XChaCha20Poly1305)>);

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl KeyRing {
    /// Reads `id:base64key,…`, newest first.
    ///
    /// # Errors
    /// [`SealError::BadKey`] or [`SealError::BadRing`], neither of which repeats the key.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys: Vec<(String, XChaCha20Poly1305)> = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (id, key) = entry.split_once(':').ok_or(SealError::BadKey)?;
            let plain_id =
                !id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let bytes = Zeroizing::new(STANDARD.decode(key.trim()).map_err(|_| SealError::BadKey)?);
            let key = Key::try_from(bytes.as_slice()).map_err(|_| SealError::BadKey)?;
            if !plain_id {
                return Err(SealError::BadKey);
            }
            if keys.iter().any(|(known, _)| known == id) {
                return Err(SealError::BadRing);
            }
            keys.push((id.to_owned(), XChaCha20Poly1305::new(&key)));
        }
        if keys.is_empty() { Err(SealError::BadRing) } else { Ok(Self(keys)) }
    }

    /// A new entry for the key ring, as `kiosk key` prints it.
    pub fn generate(entropy: &dyn Entropy) -> Zeroizing<String> {
        let mut key = Zeroizing::new([0_u8; 32]);
        entropy.fill(key.as_mut_slice());
        let id = entropy.uuid_v4().as_simple().to_string();
        let id: String = id.chars().take(8).collect();
        Zeroizing::new(format!("{id}:{}", STANDARD.encode(key.as_slice())))
    }

    /// Seals bytes for one place, with the newest key.
    ///
    /// # Errors
    /// [`SealError::BadRing`] if the cipher refuses, which it only does beyond 256 GiB.
    pub fn seal(&self, entropy: &dyn Entropy, place: Place<'_>, plain: &[u8]) -> Result<String, SealError> {
        let (id, cipher) = self.0.first().ok_or(SealError::BadRing)?;
        let mut nonce = [0_u8; 24];
        entropy.fill(&mut nonce);
        let aad = associated(id, place);
        let payload = Payload { msg: plain, aad: aad.as_bytes() };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::BadRing)?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("v1.{id}.{}", STANDARD_NO_PAD.encode(bytes)))
    }

    /// Opens what [`Self::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] or [`SealError::DoesNotOpen`].
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SealError::DoesNotOpen);
        };
        let (_, cipher) =
            self.0.iter().find(|(known, _)| known == id).ok_or_else(|| SealError::UnknownKey(id.to_owned()))?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| SealError::DoesNotOpen)?;
        let (nonce, body) = bytes.split_at_checked(24).ok_or(SealError::DoesNotOpen)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| SealError::DoesNotOpen)?;
        let aad = associated(id, place);
        let payload = Payload { msg: body, aad: aad.as_bytes() };
        cipher.decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| SealError::DoesNotOpen)
    }

    /// Seals the codes of an order.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_codes(&self, entropy: &dyn Entropy, place: Place<'_>, codes: &Codes) -> Result<String, SealError> {
        let pairs: Vec<(&str, Option<&str>)> = codes.iter().map(Code::reveal).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&pairs).map_err(|_| SealError::DoesNotOpen)?);
        self.seal(entropy, place, &plain)
    }

    /// Opens what [`Self::seal_codes`] sealed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_codes(&self, place: Place<'_>, sealed: &str) -> Result<Codes, SealError> {
        let plain = self.open(place, sealed)?;
        let pairs: Vec<(String, Option<String>)> =
            serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)?;
        Ok(pairs.into_iter().map(|(value, serial)| Code::new(value).with_serial(serial)).collect())
    }
}

fn associated(id: &str, place: Place<'_>) -> String {
    format!("{id}|{}|{}|{}", place.table, place.row, place.column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::SystemEntropy;

    const PLACE: Place<'static> = Place { table: "parcels", row: "1", column: "codes" };

    fn ring(count: usize) -> (String, KeyRing) {
        let keys: Vec<String> = (0..count).map(|_| KeyRing::generate(&SystemEntropy).to_string()).collect();
        let text = keys.join(",");
        let ring = KeyRing::parse(&text).unwrap();
        (text, ring)
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let (_, ring) = ring(1);
        let codes = vec![Code::new("A<b>\n🎁".into()), Code::new("B".into()).with_serial(Some("7".into()))];
        let sealed = ring.seal_codes(&SystemEntropy, PLACE, &codes).unwrap();
        assert!(!sealed.contains('🎁'));
        assert_eq!(ring.open_codes(PLACE, &sealed).unwrap(), codes);
        let elsewhere = Place { row: "2", ..PLACE };
        assert_eq!(ring.open_codes(elsewhere, &sealed), Err(SealError::DoesNotOpen));
        let mut damaged = sealed.clone();
        damaged.pop();
        assert!(ring.open_codes(PLACE, &damaged).is_err());
    }

    #[test]
    fn an_older_key_still_opens_and_a_lost_one_is_named() {
        let (old_text, old) = ring(1);
        let sealed = old.seal(&SystemEntropy, PLACE, b"x").unwrap();
        let rotated = KeyRing::parse(&format!("{},{old_text}", *KeyRing::generate(&SystemEntropy))).unwrap();
        assert_eq!(rotated.open(PLACE, &sealed).unwrap().as_slice(), b"x");
        let (_, other) = ring(1);
        assert!(matches!(other.open(PLACE, &sealed), Err(SealError::UnknownKey(_))));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (text, ring) = ring(2);
        let secret = text.split(':').nth(1).unwrap();
        assert!(!format!("{ring:?}").contains(secret.split(',').next().unwrap()));
        assert_eq!(format!("{:?}", Code::new("ABCD".into())), "Code([REDACTED])");
    }

    #[test]
    fn bad_rings_are_refused() {
        for bad in ["", ",", "a", "a:b", "a:AAAA", ":AAAA"] {
            assert!(KeyRing::parse(bad).is_err(), "{bad}");
        }
        let (text, _) = ring(1);
        assert_eq!(KeyRing::parse(&format!("{text},{text}")).err(), Some(SealError::BadRing));
    }
}
