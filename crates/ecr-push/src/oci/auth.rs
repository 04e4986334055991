//! Says to a registry who asks: by name and password with each request, as ECR wants it, or by a token that another service
//! gives for them. Tokens are renewed at half their life and when a registry refuses one.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_call::{CallError, Clock, Fault, Secret};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    body::Outgoing,
    challenge::Challenge,
    location::{encoded, is_loopback, same_origin},
    refused::{is_expired, refused},
    wire::Wire,
};
use crate::{
    login::{Login, Logins},
    reference::{Registry, RepositoryName},
};

const TOKEN: &str = "GET token";
/// The most bytes of a token and the JSON around it.
const TOKEN_LIMIT: usize = 256 << 10;
/// What a token service means that does not say how long its tokens hold.
const USUAL_LIFE: Duration = Duration::from_secs(60);
/// How long a refusal after a renewal is taken to be about something else.
const SOON: Duration = Duration::from_secs(60);

/// What a request wants to do, where.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) repository: RepositoryName,
    pub(super) push: bool,
    pub(super) mount_from: Option<RepositoryName>,
}

impl Scope {
    pub(super) fn pull(repository: &RepositoryName) -> Self {
        Self { repository: repository.clone(), push: false, mount_from: None }
    }

    pub(super) fn push(repository: &RepositoryName) -> Self {
        Self { repository: repository.clone(), push: true, mount_from: None }
    }

    fn query(&self) -> String {
        let actions = if self.push { "pull,push" } else { "pull" };
        let own = format!("&scope={}", encoded(&format!("repository:{}:{actions}", self.repository)));
        let from = self.mount_from.iter().map(|from| format!("&scope={}", encoded(&format!("repository:{from}:pull"))));
        std::iter::once(own).chain(from).collect()
    }
}

pub(super) struct Auth {
    base: Uri,
    is_ecr: bool,
    logins: Arc<dyn Logins>,
    /// Held while a login or token is fetched, so that ten requests at once fetch one.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How the registry wants to be told; none until it has asked.
    method: Option<Challenge>,
    login: Option<Held<Option<Login>>>,
    tokens: BTreeMap<String, Held<Secret>>,
    /// When a login was last renewed because of a refusal.
    renewed_at: Option<SystemTime>,
}

impl State {
    /// Whether this is what a request would say now.
    fn holds(&self, told: &HeaderValue) -> bool {
        let login = self.login.as_ref().and_then(|held| held.value.as_ref()).map(basic);
        let tokens = self.tokens.values().map(|held| format!("Bearer {}", held.value.expose()));
        login.into_iter().chain(tokens).any(|text| text.as_bytes() == told.as_bytes())
    }
}

/// Something that is held since a time, and to be renewed at another.
#[derive(Clone)]
struct Held<T> {
    value: T,
    renew_at: Option<SystemTime>,
}

impl<T> Held<T> {
    fn until(value: T, since: SystemTime, end: Option<SystemTime>) -> Self {
        // An end in the past is a mistake of whoever said it, and no reason to ask for ever.
        let life = end.and_then(|end| end.duration_since(since).ok()).filter(|life| !life.is_zero());
        Self { value, renew_at: life.map(|life| since + life / 2) }
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.renew_at.is_some_and(|at| now >= at)
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<u64>,
}

impl Auth {
    pub(super) fn new(base: Uri, registry: &Registry, logins: Arc<dyn Logins>) -> Self {
        let is_ecr = registry.ecr().is_some();
        // ECR wants the name and password with every request: the question would only cost time.
        let state = State { method: is_ecr.then_some(Challenge::Basic), ..State::default() };
        Self { base, is_ecr, logins, state: Mutex::new(state) }
    }

    /// What to say to the registry; nothing before it has asked.
    pub(super) async fn header(&self, wire: &Wire, scope: &Scope) -> Result<Option<HeaderValue>, CallError> {
        let mut state = self.state.lock().await;
        let text = match state.method.clone() {
            None => return Ok(None),
            Some(Challenge::Basic) => match self.login(&mut state, &*wire.clock).await? {
                Some(login) => basic(&login),
                None => return Ok(None),
            },
            Some(Challenge::Bearer { realm, service, .. }) => {
                let token = self.token(&mut state, wire, &realm, service.as_deref(), scope).await?;
                format!("Bearer {}", token.expose())
            }
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            CallError::new(TOKEN, Fault::Credentials).with_message("the login has characters that no header can carry")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// The registry has refused a request that said `told`. Whether another one is worth it.
    pub(super) async fn refused(
        &self,
        wire: &Wire,
        headers: &HeaderMap,
        error: &CallError,
        told: Option<&HeaderValue>,
    ) -> Result<bool, CallError> {
        let mut state = self.state.lock().await;
        let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge = (error.http_status() == Some(401)).then(|| Challenge::parse(challenges)).flatten();
        let Some(told) = told else {
            state.method = challenge;
            return match &state.method {
                Some(Challenge::Basic) => Ok(self.login(&mut state, &*wire.clock).await?.is_some()),
                Some(Challenge::Bearer { .. }) => Ok(true),
                None => Ok(false),
            };
        };
        // What was refused is old: another request, which was on its way at the same time, has renewed it.
        if !state.holds(told) {
            return Ok(true);
        }
        // A refusal of a question by HEAD has no words, so every 403 may mean that the token has ended. Whoever is refused
        // for another reason gets a new token once in a while, and no more.
        let now = wire.clock.now();
        let lately = state.renewed_at.is_some_and(|at| now.duration_since(at).unwrap_or_default() < SOON);
        if !is_expired(error) && lately {
            return Ok(false);
        }
        state.renewed_at = Some(now);
        if let Some(challenge) = challenge {
            state.method = Some(challenge);
        }
        let had_token = !std::mem::take(&mut state.tokens).is_empty();
        let before = state.login.take();
        let login = self.login(&mut state, &*wire.clock).await?;
        Ok(had_token || login != before.and_then(|held| held.value))
    }

    async fn login(&self, state: &mut State, clock: &dyn Clock) -> Result<Option<Login>, CallError> {
        let now = clock.now();
        if let Some(held) = state.login.as_ref().filter(|held| !held.is_due(now)) {
            return Ok(held.value.clone());
        }
        match (self.logins.login().await, &state.login) {
            (Ok(login), _) => {
                let end = login.as_ref().and_then(|login| login.expires_at);
                state.login = Some(Held::until(login.clone(), now, end));
                Ok(login)
            }
            // It still holds for half its life.
            (Err(_), Some(held)) => Ok(held.value.clone()),
            (Err(error), None) => Err(error),
        }
    }

    async fn token(
        &self,
        state: &mut State,
        wire: &Wire,
        realm: &str,
        service: Option<&str>,
        scope: &Scope,
    ) -> Result<Secret, CallError> {
        let query = scope.query();
        let now = wire.clock.now();
        if let Some(held) = state.tokens.get(&query).filter(|held| !held.is_due(now)) {
            return Ok(held.value.clone());
        }
        let refuse = |why: String| CallError::new(TOKEN, Fault::Credentials).with_message(why);
        let realm = super::location::resolve(&self.base, realm).map_err(refuse)?;
        let joint = if realm.query().is_some() { "&" } else { "?" };
        let service = service.map(|service| format!("service={}", encoded(service))).unwrap_or_default();
        let address = format!("{realm}{joint}{service}{query}");
        let mut request = Request::get(address);
        if may_get_login(&self.base, &realm, self.is_ecr)
            && let Some(login) = self.login(state, &*wire.clock).await?
        {
            request = request.header(header::AUTHORIZATION, basic(&login));
        }
        let request = request.body(Outgoing::empty()).map_err(|_| refuse("its address is not valid".to_owned()))?;
        let answer = wire.send(TOKEN, request).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = wire.read(TOKEN, answer, TOKEN_LIMIT).await?;
        if !status.is_success() {
            return Err(refused(TOKEN, status, &headers, &body));
        }
        let answer: TokenAnswer = serde_json::from_slice(&body)
            .map_err(|_| refuse("the token service answers something that is no token".to_owned()))?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| refuse("the token service answers without a token".to_owned()))?;
        let life = answer.expires_in.map_or(USUAL_LIFE, Duration::from_secs);
        state.tokens.insert(query, Held::until(token.clone(), now, now.checked_add(life)));
        Ok(token)
    }
}

fn basic(login: &Login) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", login.user, login.password.expose())))
}

/// Whether the service that a registry names for tokens may learn the login: it is the same host, or stands under the same
/// name as the registry, as `auth.docker.io` does for `registry-1.docker.io`. A login for ECR goes to its registry alone.
fn may_get_login(base: &Uri, realm: &Uri, is_ecr: bool) -> bool {
    if same_origin(base, realm) {
        return true;
    }
    let (Some(own), Some(other)) = (base.host(), realm.host()) else { return false };
    let loopback = is_loopback(own) && is_loopback(other);
    if is_ecr || (realm.scheme_str() != Some("https") && !loopback) {
        return false;
    }
    if own.eq_ignore_ascii_case(other) {
        return true;
    }
    if own.parse::<std::net::IpAddr>().is_ok() || other.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    let parent = |host: &str| {
        let (_, parent) = host.split_once('.')?;
        parent.contains('.').then(|| parent.to_ascii_lowercase())
    };
    let Some(domain) = parent(own) else { return false };
    other.eq_ignore_ascii_case(&domain) || parent(other).as_deref() == Some(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_get_a_login() {
        for (registry, realm, is_ecr, expected) in [
            ("https://registry-1.docker.io", "https://auth.docker.io/token", false, true),
            ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", false, true),
            ("https://ghcr.io", "https://ghcr.io/token", false, true),
            ("https://ghcr.io", "https://evil.io/token", false, false),
            ("https://registry-1.docker.io", "http://auth.docker.io/token", false, false),
            ("https://registry-1.docker.io", "https://docker.io.evil.example/", false, false),
            ("https://r.example.com:5000", "https://r.example.com:5001/token", false, true),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", false, true),
            ("https://10.0.0.1", "https://10.0.0.2/token", false, false),
            (
                "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com",
                "https://x.dkr.ecr.eu-central-1.amazonaws.com/",
                true,
                false,
            ),
        ] {
            let (base, realm_uri) = (registry.parse().unwrap(), realm.parse().unwrap());
            assert_eq!(may_get_login(&base, &realm_uri, is_ecr), expected, "{registry} {realm}");
        }
    }

    #[test]
    fn half_of_a_life() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (since, end, now, due) in [
            (1000, Some(1100), 1049, false),
            (1000, Some(1100), 1050, true),
            (1000, None, 1_000_000, false),
            // Moto says 2015.
            (1000, Some(10), 2000, false),
        ] {
            assert_eq!(Held::until((), at(since), end.map(at)).is_due(at(now)), due, "{since} {end:?} {now}");
        }
    }
}
