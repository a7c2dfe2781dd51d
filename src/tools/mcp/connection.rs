//! One connection to a server: a child process with pipes, or streamable HTTP.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use rmcp::{
    ClientHandler, ServiceExt as _,
    model::{ClientConfig, ClientRequest, Implementation, PingRequest},
    service::{NotificationContext, Peer, RoleClient, RunningService, RunningServiceCancellationToken, ServiceError},
    transport::{
        StreamableHttpClientTransport, TokioChildProcess, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::AsyncReadExt as _,
    process::{ChildStderr, Command},
    sync::Notify,
    task::JoinHandle,
};

use super::super::result::cut;

/// What a child inherits of the kiosk's environment. The rest may hold keys of services that are none of its business.
const ENVIRONMENT: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
];
/// Runs a program so that the kernel ends it when the kiosk dies (util-linux, on every Debian).
const SETPRIV: &str = "/usr/bin/setpriv";
/// How much of what a child writes to standard error before it serves is kept to explain why it does not, bytes.
const COMPLAINT_BYTES: usize = 400;
/// How long the last words of a child that did not serve are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// A server that was asked to end is killed after this.
const END_LIMIT: Duration = Duration::from_secs(2);
/// The longest message of a server that is read, bytes.
const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// How a server is reached.
pub(super) enum Dial {
    /// A program on this machine.
    Program {
        command: Vec<String>,
        /// Set in its environment, by this name.
        secret: Option<(String, SecretString)>,
    },
    /// An address.
    Http { url: String, token: Option<SecretString>, client: reqwest::Client },
}

/// A server that has said hello.
pub(super) struct Connection {
    pub(super) peer: Peer<RoleClient>,
    cancel: Option<RunningServiceCancellationToken>,
    ending: Option<BoxFuture<'static, ()>>,
    /// Dropped last: nothing of the child outlives the connection.
    _group: Option<ProcessGroup>,
}

impl Connection {
    /// Starts or calls the server and waits for its greeting. `changed` is told when its tools change.
    ///
    /// The caller limits the time; dropped, nothing stays behind.
    pub(super) async fn open(dial: &Dial, changed: Arc<Notify>) -> Result<Self, String> {
        let client = Client { changed };
        match dial {
            Dial::Program { command, secret } => {
                let (child, complaint, group) = start(command, secret.as_ref())?;
                match client.serve(child).await {
                    Ok(running) => Ok(Self::new(running, Some(group))),
                    Err(error) => Err(format!("{}{}", cut(&error.to_string(), 200), complaint.heard().await)),
                }
            }
            Dial::Http { url, token, client: http } => {
                let mut config =
                    StreamableHttpClientTransportConfig::with_uri(url.as_str()).max_sse_event_size(MAX_MESSAGE_BYTES);
                if let Some(token) = token {
                    config = config.auth_header(token.expose_secret());
                }
                let transport = StreamableHttpClientTransport::with_client(http.clone(), config);
                let running = client.serve(transport).await.map_err(|error| cut(&error.to_string(), 300))?;
                Ok(Self::new(running, None))
            }
        }
    }

    fn new(running: RunningService<RoleClient, Client>, group: Option<ProcessGroup>) -> Self {
        let (peer, cancel) = (running.peer().clone(), running.cancellation_token());
        let ending = Box::pin(async move {
            let _ = running.waiting().await;
        });
        Self { peer, cancel: Some(cancel), ending: Some(ending), _group: group }
    }

    /// Returns when the server is gone.
    pub(super) async fn ended(&mut self) {
        match &mut self.ending {
            Some(ending) => {
                ending.await;
                self.ending = None;
            }
            None => std::future::pending().await,
        }
    }

    /// Says goodbye, and ends a child that does not listen.
    pub(super) async fn close(mut self) {
        if let Some(cancel) = self.cancel.take() {
            cancel.cancel();
        }
        if let Some(ending) = self.ending.take() {
            let _ = tokio::time::timeout(END_LIMIT, ending).await;
        }
    }
}

/// Whether a server answers within `limit`, if only that it knows no such question.
pub(super) async fn is_alive(peer: &Peer<RoleClient>, limit: Duration) -> bool {
    let ping = peer.send_request(ClientRequest::PingRequest(PingRequest::default()));
    matches!(tokio::time::timeout(limit, ping).await, Ok(Ok(_) | Err(ServiceError::McpError(_))))
}

/// What we are to a server: a client that offers nothing and only listens for new tools.
struct Client {
    changed: Arc<Notify>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let name = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        ClientConfig::new(rmcp::model::ClientCapabilities::default(), name)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

/// A child and everything that it started. Killed when dropped.
struct ProcessGroup(Pid);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // An error says that nobody is left.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

/// The last bytes that a child wrote to standard error.
struct Complaint {
    text: Arc<Mutex<Vec<u8>>>,
    /// Listens as long as the child lives.
    listener: JoinHandle<()>,
}

impl Complaint {
    /// Listens. What is heard is kept for [`Complaint::heard`] and logged nowhere: a server may write there what a visitor
    /// said. Without a listener it would wait for one.
    fn of(mut stderr: ChildStderr) -> Self {
        let text: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = text.clone();
        let listener = tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
                let excess = kept.len().saturating_sub(COMPLAINT_BYTES);
                kept.drain(..excess);
            }
        });
        Self { text, listener }
    }

    /// What a child that did not serve had to say.
    async fn heard(self) -> String {
        // Its last words may still be in the pipe; one that lives on is not waited for.
        let _ = tokio::time::timeout(LAST_WORDS, self.listener).await;
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        match String::from_utf8_lossy(&text).trim() {
            "" => String::new(),
            text => format!("; it said: {text}"),
        }
    }
}

fn start(
    command: &[String],
    secret: Option<&(String, SecretString)>,
) -> Result<(TokioChildProcess, Complaint, ProcessGroup), String> {
    let Some((program, arguments)) = command.split_first() else { return Err("command is empty".to_owned()) };
    let mut child = if Path::new(SETPRIV).exists() {
        let mut child = Command::new(SETPRIV);
        child.args(["--pdeathsig", "KILL", "--", program]);
        child
    } else {
        Command::new(program)
    };
    child.args(arguments).env_clear().process_group(0).kill_on_drop(true);
    child.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    if let Some((name, secret)) = secret {
        child.env(name, secret.expose_secret());
    }
    let (child, stderr) = TokioChildProcess::builder(child)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let pid = pid.ok_or_else(|| format!("{program} ended at once"))?;
    let stderr = stderr.ok_or_else(|| format!("{program} has no standard error"))?;
    Ok((child, Complaint::of(stderr), ProcessGroup(pid)))
}
