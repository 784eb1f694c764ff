//! The credentials in an answer whose format nobody documents.
//!
//! What is clear is passed on as it came, to the byte: a text is a code, a list of texts is that many
//! codes. An object becomes lines of `name: value` in the order they came, so that nothing a buyer needs
//! is left out; an object with one telling field becomes that field's bare value.

use super::super::wire::Node;
use super::wire::scopes;
use crate::secret::{Code, Codes};

/// Where credentials may be, likelier first.
const PLACES: [&str; 15] = [
    "credentials",
    "accounts",
    "delivered_accounts",
    "delivered_content",
    "delivered",
    "delivery",
    "codes",
    "cards",
    "content",
    "account",
    "credential",
    "delivery_content",
    "account_info",
    "account_list",
    "items",
];
/// Fields that show that an object is a credential.
const TELLING: [&str; 15] = [
    "account",
    "username",
    "user",
    "login",
    "email",
    "password",
    "pass",
    "code",
    "value",
    "content",
    "credential",
    "card",
    "cookie",
    "token",
    "key",
];
/// Fields about a credential that are not part of it.
const ABOUT: [&str; 11] = [
    "index",
    "status",
    "created_at",
    "updated_at",
    "delivered_at",
    "sold_at",
    "product_id",
    "order_id",
    "order_no",
    "quantity",
    "is_sold",
];
/// How deep credentials are searched within credentials.
const DEPTH_MAX: u32 = 4;

/// Places whose objects are credentials and nothing else, so that a lone field is one.
const PLAIN: [&str; 6] = ["credentials", "accounts", "delivered_accounts", "codes", "cards", "account_list"];
/// Places where a bare text may as well be a word about the delivery. It counts if it holds an address.
const WORDY: [&str; 3] = ["delivered", "delivery", "items"];
/// An account that lies open in the order, beside the order's own fields.
const OPEN: [&str; 9] =
    ["account", "username", "login", "password", "pass", "recovery_email", "recovery_phone", "two_factor", "2fa"];

/// The credentials of an order of `quantity` pieces; `None` if there are none that can be read.
pub(super) fn credentials(answer: &Node, quantity: u32) -> Option<Codes> {
    let scopes = scopes(answer);
    let places = PLACES.iter().flat_map(|name| scopes.iter().map(move |(_, scope)| (*name, scope.any(&[name]))));
    let search = Search { quantity, lone: false };
    let read = |(name, place): (&str, &Node)| match place {
        Node::List(_) | Node::Object(_) => Search { lone: PLAIN.contains(&name), ..search }.codes(place, DEPTH_MAX),
        Node::Text(text) if name != "account" && (!WORDY.contains(&name) || text.contains('@')) => {
            split(text, quantity)
        }
        // A bare number counts something.
        _ => None,
    };
    let found = places.filter_map(read).find(|codes| !codes.is_empty());
    let open = || scopes.iter().find_map(|(_, scope)| open_account(scope)).map(|code| vec![code]);
    let bare = || scopes.iter().find_map(|(_, scope)| split(scope.any(&["account"]).text()?, quantity));
    found.or_else(open).or_else(bare)
}

/// What a search for credentials needs to know everywhere.
#[derive(Clone, Copy)]
struct Search {
    /// How many pieces were bought.
    quantity: u32,
    /// Whether an object of one field without a telling name is a credential.
    lone: bool,
}

impl Search {
    fn codes(self, node: &Node, depth: u32) -> Option<Codes> {
        let depth = depth.checked_sub(1)?;
        let Node::List(items) = node else {
            return if node.is_object() { self.object(node, depth) } else { split(node.text()?, self.quantity) };
        };
        let mut all = Codes::new();
        for item in items {
            match item {
                Node::Text(text) if !text.is_empty() => all.push(Code::new(text.clone())),
                Node::Number(text) => all.push(Code::new(text.clone())),
                // One entry that cannot be read makes the list unreadable: which piece is missing?
                Node::Object(_) => all.extend(self.object(item, depth)?),
                _ => return None,
            }
        }
        Some(all)
    }

    /// The credential an object is, or the credentials it holds.
    fn object(self, node: &Node, depth: u32) -> Option<Codes> {
        let holds = |name: &&str| matches!(node.any(&[name]), Node::List(_) | Node::Object(_));
        if let Some(name) = PLACES.iter().find(|name| holds(name)) {
            return Self { lone: PLAIN.contains(name), ..self }.codes(node.any(&[name]), depth);
        }
        rendered(node, self.lone).map(|code| vec![code])
    }
}

/// A text of as many lines as pieces is a piece on each line; any other is one piece, whole.
fn split(text: &str, quantity: u32) -> Option<Codes> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return None;
    }
    if quantity > 1 && u32::try_from(lines.len()) == Ok(quantity) {
        return Some(lines.into_iter().map(|line| Code::new(line.to_owned())).collect());
    }
    Some(vec![Code::new(text.to_owned())])
}

/// An account and its password beside each other in an order.
fn open_account(scope: &Node) -> Option<Code> {
    let has = |names: &[&str]| scope.any(names).text().is_some();
    if !has(&["account", "username", "login"]) || !has(&["password", "pass"]) {
        return None;
    }
    let is_open = |name: &str| OPEN.iter().any(|known| plain(known) == plain(name));
    let fields = scope.fields().iter().filter(|(name, _)| is_open(name)).cloned().collect();
    rendered(&Node::Object(fields), false)
}

/// One credential from the fields of an object.
fn rendered(node: &Node, lone: bool) -> Option<Code> {
    let is = |name: &str, known: &[&str]| known.iter().any(|known| plain(known) == plain(name));
    let fields = node.fields();
    let serial =
        fields.iter().find(|(name, _)| is(name, &["serial", "serial_number"])).and_then(|(_, value)| value.text());
    let mut parts = Vec::new();
    flatten("", node, &mut parts, DEPTH_MAX)?;
    parts.retain(|(name, _)| !is(name, &ABOUT) && !is(name, &["serial", "serial_number"]));
    if !parts.iter().any(|(name, _)| is(name, &TELLING)) {
        // Without a telling name, only a lone value is clear.
        parts.retain(|(name, _)| name != "id");
        return if let ([(_, only)], true) = (parts.as_slice(), lone) { Some(code(only, serial)) } else { None };
    }
    parts
        .retain(|(name, _)| name != "id" || !fields.iter().any(|(other, _)| other != "id" && is(other, &TELLING[..5])));
    if let [(_, only)] = parts.as_slice() {
        return Some(code(only, serial));
    }
    let sole = |names: &[&str]| parts.iter().filter(|(name, _)| is(name, names)).count();
    // A code beside nothing but its row number.
    if parts.len() == 2 && sole(&["id"]) == 1 && sole(&["code", "value", "content", "credential"]) == 1 {
        let value = parts.iter().find(|(name, _)| name != "id").map(|(_, value)| value)?;
        return Some(code(value, serial));
    }
    let lines: Vec<String> = parts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    Some(code(&lines.join("\n"), serial))
}

fn code(text: &str, serial: Option<&str>) -> Code {
    Code::new(text.to_owned()).with_serial(serial.map(str::to_owned))
}

/// The fields of an object and of the objects in it, as text; empty ones are left out.
fn flatten(prefix: &str, node: &Node, parts: &mut Vec<(String, String)>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    for (name, value) in node.fields() {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        flatten_value(&name, value, parts, depth)?;
    }
    Some(())
}

fn flatten_value(name: &str, value: &Node, parts: &mut Vec<(String, String)>, depth: u32) -> Option<()> {
    match value {
        Node::Text(text) if text.is_empty() => {}
        Node::Text(text) | Node::Number(text) => parts.push((name.to_owned(), text.clone())),
        Node::Bool(truth) => parts.push((name.to_owned(), truth.to_string())),
        Node::Object(_) => flatten(name, value, parts, depth)?,
        Node::List(items) => {
            let depth = depth.checked_sub(1)?;
            items.iter().try_for_each(|item| flatten_value(name, item, parts, depth))?;
        }
        Node::Null => {}
    }
    Some(())
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, quantity: u32) -> Option<Vec<String>> {
        let codes = credentials(&Node::parse(json.as_bytes()).unwrap(), quantity)?;
        Some(codes.iter().map(|code| code.reveal().0.to_owned()).collect())
    }

    #[test]
    fn credentials_are_read_in_many_shapes() {
        for (json, quantity, wanted) in [
            (r#"{"data":{"credentials":["a:1","b:2"]}}"#, 2, vec!["a:1", "b:2"]),
            (r#"{"order":{"accounts":[{"account":"a@x","password":" p "}]}}"#, 1, vec!["account: a@x\npassword:  p "]),
            (r#"{"data":{"order":{"deliveredAccounts":"a\n\nb\r\nc"}}}"#, 3, vec!["a", "b", "c"]),
            (r#"{"content":"a\nb\n"}"#, 1, vec!["a\nb\n"]),
            (r#"{"content":"a\nb\n"}"#, 3, vec!["a\nb\n"]),
            (r#"{"codes":[{"id":7,"code":"X"},{"index":2,"code":"Y"}]}"#, 2, vec!["X", "Y"]),
            (r#"{"cards":[{"code":"X","pin":"1"}]}"#, 1, vec!["code: X\npin: 1"]),
            (r#"{"credentials":[{"id":"me","password":"p"}]}"#, 1, vec!["id: me\npassword: p"]),
            (
                r#"{"credentials":[{"id":3,"email":"e","password":"p","recovery":{"email":"r"},"2fa":null}]}"#,
                1,
                vec!["email: e\npassword: p\nrecovery.email: r"],
            ),
            (r#"{"order":{"items":[{"name":"Mail","quantity":2,"credentials":["a","b"]}]}}"#, 2, vec!["a", "b"]),
            (
                r#"{"order":{"account":"a","password":"p","quantity":1,"status":"completed"}}"#,
                1,
                vec!["account: a\npassword: p"],
            ),
            (r#"{"orders":[{"delivery":{"content":"z"}}]}"#, 1, vec!["z"]),
            (r#"{"credentials":[{"mailbox":"m"}]}"#, 1, vec!["m"]),
            (r#"{"delivery":"a@x:1"}"#, 1, vec!["a@x:1"]),
            (r#"{"credentials":[12345678901234567890]}"#, 1, vec!["12345678901234567890"]),
        ] {
            let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
            assert_eq!(read(json, quantity), Some(wanted), "{json}");
        }
    }

    #[test]
    fn what_is_not_a_credential_is_none() {
        for json in [
            "{}",
            r#"{"credentials":[]}"#,
            r#"{"credentials":""}"#,
            r#"{"credentials":["a",null]}"#,
            r#"{"order":{"items":[{"name":"Mail","unit":"piece"}],"email":"me@x"}}"#,
            r#"{"delivered":true}"#,
            r#"{"delivered":2,"accounts":1,"delivery":"instant"}"#,
            r#"{"delivery":{"status":"delivered","method":"email"}}"#,
            r#"{"items":[{"name":"Mail"}]}"#,
        ] {
            assert_eq!(read(json, 1), None, "{json}");
        }
    }
}
