//! The QR picture of a payment address.

use fast_qr::qr::QRBuilder;

use crate::supplier::{Coin, Invoice, Payment};

/// Pixels of one module, and modules of quiet border.
const SCALE: usize = 8;
const BORDER: usize = 4;

/// What a wallet app reads from the picture. Only Bitcoin has an amount in a form every wallet reads; for the
/// other networks the bare address is what all of them accept, and the amount is copied by its button.
pub fn payment_text(payment: Payment, invoice: &Invoice) -> Option<String> {
    let address = invoice.address.as_deref()?;
    match (payment, invoice.amount.as_deref()) {
        (Payment::Crypto(Coin::Btc), Some(amount)) => Some(format!("bitcoin:{address}?amount={amount}")),
        _ => Some(address.to_owned()),
    }
}

/// A text as a QR code, PNG. `None` if it is too long for one.
pub fn qr_png(text: &str) -> Option<Vec<u8>> {
    let code = QRBuilder::new(text).build().ok()?;
    let side = code.size + 2 * BORDER;
    let pixels = side * SCALE;
    let mut grey = vec![255_u8; pixels * pixels];
    for row in 0..code.size {
        for (column, module) in code[row].iter().enumerate().take(code.size) {
            if !module.value() {
                continue;
            }
            for line in 0..SCALE {
                let start = ((row + BORDER) * SCALE + line) * pixels + (column + BORDER) * SCALE;
                grey.get_mut(start..start + SCALE)?.fill(0);
            }
        }
    }
    let mut png = Vec::new();
    let width = u32::try_from(pixels).ok()?;
    let mut encoder = png::Encoder::new(&mut png, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&grey).ok()?;
    writer.finish().ok()?;
    Some(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_picture_and_a_novel_does_not() {
        let png = qr_png("TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE").unwrap();
        assert!(png.starts_with(b"\x89PNG"));
        assert_eq!(qr_png(&"x".repeat(10_000)), None);
    }
}
