//! A proxy between us and OpenBao, on loopback, that changes what is asked and answered.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::pki::bao::Bao;
use crate::workbench::Bench;
use suite::process;

/// What the proxy does to requests for certificates.
#[derive(Clone, Debug)]
pub(super) enum Tamper {
    /// Nothing.
    No,
    /// Has another CSR signed.
    Csr(String),
    /// Sets this in the request.
    Set(&'static str, Value),
    /// Asks another mount, for everything.
    Mount(&'static str),
    /// Answers as it did the last time, and keeps back what comes now.
    Again,
    /// Does not answer, once OpenBao has.
    Hold,
}

/// It runs until this is dropped.
pub(super) struct Proxy {
    pub(super) url: String,
    shared: Arc<Shared>,
    _runtime: Runtime,
    /// The serial numbers of what OpenBao has signed, as it says them.
    pub(super) signed: mpsc::Receiver<String>,
}

struct Shared {
    bao: String,
    roots: std::path::PathBuf,
    /// How curl is called, since the peers have a path of their own.
    curl: Mutex<Box<dyn Fn() -> Command + Send>>,
    tamper: Mutex<Tamper>,
    last: Mutex<Option<(StatusCode, String)>>,
    signed: mpsc::Sender<String>,
}

impl Proxy {
    pub(super) fn start(bench: &Bench<'_>, bao: &Bao<'_>) -> Result<Self> {
        let runtime = Runtime::new()?;
        let (sender, signed) = mpsc::channel();
        let template = bench.peers.command("curl");
        let shared = Arc::new(Shared {
            bao: bao.url.clone(),
            roots: bao.roots.clone(),
            curl: Mutex::new(Box::new(move || again(&template))),
            tamper: Mutex::new(Tamper::No),
            last: Mutex::new(None),
            signed: sender,
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let address: SocketAddr = listener.local_addr()?;
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            url: format!("http://{address}"),
            shared,
            _runtime: runtime,
            signed,
        })
    }

    pub(super) fn tamper(&self, tamper: Tamper) {
        *lock(&self.shared.tamper) = tamper;
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let token = headers.get("x-vault-token").cloned();
    let token = token.and_then(|it| it.to_str().map(str::to_owned).ok());
    let tamper = lock(&shared.tamper).clone();
    let holds = matches!(tamper, Tamper::Hold) && uri.path().contains("/sign/");
    let asked = tokio::task::spawn_blocking(move || {
        shared.forwarded(&tamper, &method, &uri, token.as_deref(), &body)
    });
    let answer = match asked.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => (StatusCode::BAD_GATEWAY, format!("{error:#}")),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    };
    if holds {
        std::future::pending::<()>().await;
    }
    answer
}

impl Shared {
    fn forwarded(
        &self,
        tamper: &Tamper,
        method: &Method,
        uri: &Uri,
        token: Option<&str>,
        body: &[u8],
    ) -> Result<(StatusCode, String)> {
        let mut path = uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned();
        let signs = path.contains("/sign/");
        let mut body = String::from_utf8(body.to_vec())?;
        if let Tamper::Mount(mount) = tamper {
            path = path.replace("/v1/pki/", &format!("/v1/{mount}/"));
        }
        if signs {
            let mut asked: Value = serde_json::from_str(&body)?;
            match tamper {
                Tamper::Csr(csr) => asked["csr"] = csr.as_str().into(),
                Tamper::Set(name, value) => asked[name] = value.clone(),
                _ => {}
            }
            body = asked.to_string();
        }
        let (status, text) = self.ask(method, &path, token, &body)?;
        if !signs {
            return Ok((status, text));
        }
        let answer: Value = serde_json::from_str(&text)?;
        if let Some(serial) = answer["data"]["serial_number"].as_str() {
            self.signed.send(serial.replace(':', "").to_uppercase())?;
        }
        let mut last = lock(&self.last);
        if let (Tamper::Again, Some(before)) = (tamper, &*last) {
            return Ok(before.clone());
        }
        *last = Some((status, text.clone()));
        Ok((status, text))
    }

    fn ask(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> Result<(StatusCode, String)> {
        let mut curl = lock(&self.curl)();
        curl.args(["--silent", "--show-error", "--request", method.as_str()])
            .arg("--cacert")
            .arg(&self.roots)
            .args(["--write-out", "\n%{http_code}"])
            .arg(format!("{}{path}", self.bao));
        if let Some(token) = token {
            curl.args(["--header", &format!("X-Vault-Token: {token}")]);
        }
        if !body.is_empty() {
            curl.args(["--data", body]);
        }
        let said = process::run(&mut curl, None)?;
        ensure!(said.success(), "curl: {}", said.stderr);
        let (text, status) = said
            .stdout
            .rsplit_once('\n')
            .context("curl says a status")?;
        Ok((status.trim().parse()?, text.to_owned()))
    }
}

/// The same command anew.
fn again(template: &Command) -> Command {
    let mut command = Command::new(template.get_program());
    command.args(template.get_args());
    for (name, value) in template.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
