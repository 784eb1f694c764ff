//! The parameters of a call: from JSON, a form, a multipart form or the query, read the same way.
//!
//! From the Bot API ("Making requests"): GET and POST, and four ways to pass parameters. In all but
//! JSON every value is text, and structured values are JSON in text.

use std::collections::HashMap;

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::Refused;
use crate::demo::wire::Call;

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its contents.
    pub bytes: Bytes,
}

#[derive(Debug, Default)]
pub(super) struct Params {
    pub(super) fields: Map<String, Value>,
    files: HashMap<String, File>,
}

impl Params {
    pub(super) async fn read(call: &Call) -> Result<Self, Refused> {
        let mut params = Self::default();
        for (name, value) in &call.query {
            params.fields.insert(name.clone(), Value::String(value.clone()));
        }
        if call.body.is_empty() {
            return Ok(params);
        }
        if call.is("application/json") {
            let body: Value =
                serde_json::from_slice(&call.body).map_err(|_| Refused::bad("can't parse JSON object"))?;
            let Value::Object(fields) = body else { return Err(Refused::bad("expected a JSON object")) };
            params.fields.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        } else if call.is("multipart/form-data") {
            let parts = call.parts().await.ok_or_else(|| Refused::bad("can't parse multipart form"))?;
            for part in parts {
                if let Some(name) = part.file_name {
                    params.files.insert(part.name, File { name, bytes: part.bytes });
                } else {
                    let text = String::from_utf8(part.bytes.to_vec());
                    let text = text.map_err(|_| Refused::bad("strings must be encoded in UTF-8"))?;
                    params.fields.insert(part.name, Value::String(text));
                }
            }
        } else if call.is("application/x-www-form-urlencoded") {
            params.fields.extend(call.form().into_iter().map(|(name, value)| (name, Value::String(value))));
        } else {
            return Err(Refused::bad("unsupported content type"));
        }
        Ok(params)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.fields.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        match self.fields.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        }
    }

    /// A structured value: `Ok(None)` if absent, refused if it is no JSON.
    pub(super) fn structure(&self, name: &str) -> Result<Option<Value>, Refused> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => {
                let value = serde_json::from_str(text);
                value.map(Some).map_err(|_| Refused::bad(&format!("can't parse {name} JSON object")))
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A file sent under `name`, directly or by `attach://`; otherwise the text found there.
    pub(super) fn file(&self, name: &str) -> Result<Result<File, String>, Refused> {
        if let Some(file) = self.files.get(name) {
            return Ok(Ok(file.clone()));
        }
        let text = self.text(name).ok_or_else(|| Refused::bad(&format!("there is no {name} in the request")))?;
        match text.strip_prefix("attach://") {
            Some(part) => {
                let file = self.files.get(part).cloned();
                file.map(Ok).ok_or_else(|| Refused::bad("attached file not found"))
            }
            None => Ok(Err(text)),
        }
    }
}
