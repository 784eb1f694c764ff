//! The user token that balance payments need: given, or got with e-mail and password, and kept in
//! memory only.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::line::Purpose;
use super::super::wire::Node;
use super::super::{Reason, SupplierError};
use super::{AccountShop, nothing_created};
use crate::secret::{ExposeSecret, SecretString};
use crate::world::{Method, Moment, Request};

/// After a refused login, how long none is tried: repeating a wrong password locks accounts.
pub(super) const LOGIN_PAUSE: Duration = Duration::from_mins(10);

pub(super) struct Login(Mutex<State>);

struct State {
    token: Option<SecretString>,
    refused_at: Option<Moment>,
}

impl Login {
    pub(super) const fn new(token: Option<SecretString>) -> Self {
        Self(Mutex::new(State { token, refused_at: None }))
    }

    /// The token we have, if any.
    pub(super) fn in_memory(&self) -> Option<SecretString> {
        self.state().token.clone()
    }

    /// The token we have, or a new one.
    ///
    /// # Errors
    /// [`SupplierError::Refused`] if the shop does not let us in, [`SupplierError::NotSent`] if that
    /// could not be found out: a login buys nothing.
    pub(super) async fn token(&self, shop: &AccountShop) -> Result<SecretString, SupplierError> {
        match self.in_memory() {
            Some(token) => Ok(token),
            None => self.log_in(shop).await,
        }
    }

    /// A token other than `stale`, which was not accepted: somebody else's new one, or a new one of ours.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub(super) async fn renewed(
        &self,
        shop: &AccountShop,
        stale: &SecretString,
    ) -> Result<SecretString, SupplierError> {
        match self.in_memory() {
            Some(token) if token.expose_secret() != stale.expose_secret() => Ok(token),
            _ => self.log_in(shop).await,
        }
    }

    async fn log_in(&self, shop: &AccountShop) -> Result<SecretString, SupplierError> {
        const NOT_LET_IN: SupplierError = SupplierError::Refused(Reason::Unauthorized);
        let refused_at = self.state().refused_at;
        if refused_at.is_some_and(|at| shop.line.now().since(at) < LOGIN_PAUSE) {
            return Err(NOT_LET_IN);
        }
        let (Some(email), Some(password)) = (&shop.config.email, &shop.config.password) else { return Err(NOT_LET_IN) };
        let body = serde_json::json!({ "email": email, "password": password.expose_secret() });
        let request = Request {
            json: Some(body.to_string()),
            timeout: super::LOGIN_TIMEOUT,
            ..shop.request(Method::Post, "/auth/login", None)
        };
        let answer = shop.line.send(request, Purpose::Sale).await.map_err(nothing_created)?;
        let token =
            Node::parse(&answer.body).filter(|_| (200..300).contains(&answer.status)).and_then(|body| token(&body));
        let mut state = self.state();
        state.refused_at = if token.is_some() { None } else { Some(shop.line.now()) };
        state.token.clone_from(&token);
        token.ok_or(NOT_LET_IN)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

/// The token in a login's answer: its name and place are not documented.
fn token(body: &Node) -> Option<SecretString> {
    let places = [body, body.at("data")];
    places.into_iter().find_map(|place| place.any(&["token", "access_token"]).text()).map(SecretString::from)
}
