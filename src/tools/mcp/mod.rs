//! Servers of the Model Context Protocol: connected in the background, looked after, their tools held in the registry
//! while they are there.
//!
//! One task for each server: connect, list, watch; when it is lost its tools vanish and it is tried again, after 1 s and
//! then more rarely, up to once a minute. What a server says of its tools reaches the model; `kiosk.toml` decides which of
//! them, and which need the visitor's yes.

mod connection;
mod convert;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rmcp::{
    model::{CallToolRequestParams, CallToolResponse, Tool as RemoteTool},
    service::{Peer, RoleClient},
};
use serde_json::Value;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::connection::{Connection, Dial, is_alive};
use super::{CallContext, Policy, Tool, ToolError, ToolFault, ToolOutput, http::Clients, registry::Registry};
use crate::{
    config::{self, Secrets},
    event::ToolSpec,
};

/// A server may take this long to start and to say hello.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// A server may take this long to list its tools.
const LIST_LIMIT: Duration = Duration::from_secs(10);
/// A server is asked so often whether it is still there, and may take so long to answer.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_LIMIT: Duration = Duration::from_secs(5);
/// Before a lost server is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A server that was there for so long has recovered: the next pause is the first again.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);
/// Changes that follow each other are looked at together.
const SETTLE: Duration = Duration::from_millis(100);
/// All servers together may take this long to end.
const STOP_LIMIT: Duration = Duration::from_secs(4);
/// Tools of one server; more would fill the prompt.
const MAX_TOOLS: usize = 64;

/// How a server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// It is being tried for the first time.
    Connecting,
    /// It is there, with so many tools.
    Ready {
        /// How many of its tools can be called.
        tools: usize,
        /// Tools of its that are left out.
        faults: Vec<ToolFault>,
    },
    /// It is not there; it is tried again.
    Lost {
        /// Why.
        why: String,
    },
}

/// The servers of the configuration. Dropped, they end; [`McpServers::stop`] waits for it.
#[derive(Default)]
pub struct McpServers {
    servers: Vec<(String, watch::Receiver<ServerState>, JoinHandle<()>)>,
    stop: CancellationToken,
}

impl McpServers {
    /// Starts to connect to them; their tools appear in `registry`. Call it on the runtime.
    pub(super) fn start(
        configs: &[config::McpServer],
        secrets: &Secrets,
        clients: &Clients,
        registry: &Arc<Registry>,
    ) -> (Self, Vec<ToolFault>) {
        let (mut servers, mut faults): (Self, _) = (Self::default(), Vec::new());
        let mut names = std::collections::BTreeSet::new();
        for config in configs {
            let fault = |why| ToolFault::Declaration { list: "mcp", name: config.name.clone(), why };
            if !names.insert(config.name.clone()) {
                faults.push(fault("another server has this name".to_owned()));
                continue;
            }
            match dial(config, secrets, clients) {
                Ok(dial) => servers.watch(config.clone(), dial, registry.clone()),
                Err(why) => faults.push(fault(why)),
            }
        }
        (servers, faults)
    }

    fn watch(&mut self, config: config::McpServer, dial: Dial, registry: Arc<Registry>) {
        let (state, states) = watch::channel(ServerState::Connecting);
        let name = config.name.clone();
        let server = Server { config, dial, registry, state, changed: Arc::default(), stop: self.stop.clone() };
        self.servers.push((name, states, tokio::spawn(server.run())));
    }

    /// How each server stands.
    #[must_use]
    pub fn states(&self) -> Vec<(String, ServerState)> {
        self.servers.iter().map(|(name, state, _)| (name.clone(), state.borrow().clone())).collect()
    }

    /// Returns when every server is there or lost, at the latest after `limit`.
    pub async fn settled(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        for (_, state, _) in &mut self.servers {
            let known = state.wait_for(|state| *state != ServerState::Connecting);
            let _ = tokio::time::timeout_at(deadline, known).await;
        }
    }

    /// Ends them, and their child processes.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let deadline = Instant::now() + STOP_LIMIT;
        for (name, _, mut task) in std::mem::take(&mut self.servers) {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                // Dropped with its task, a child is killed.
                task.abort();
                tracing::warn!(server = %name, "a server of tools did not end in time and was killed");
            }
        }
    }
}

impl Drop for McpServers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn dial(config: &config::McpServer, secrets: &Secrets, clients: &Clients) -> Result<Dial, String> {
    if config.name.is_empty() || !config.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err("a server's name has letters a-z, digits and _".to_owned());
    }
    let token = match config.token.as_str() {
        "" => None,
        name => Some(secrets.get(name).map_err(|error| error.to_string())?.ok_or_else(|| {
            format!("there is no secret {name}; put it into the environment or systemd's credentials")
        })?),
    };
    match (config.command.is_empty(), config.url.as_str()) {
        (false, "") => {
            let secret = token.map(|secret| (config.token.clone(), secret));
            Ok(Dial::Program { command: config.command.clone(), secret })
        }
        (true, url) if !url.is_empty() => {
            let parsed = Url::parse(url).map_err(|error| format!("url: {error}"))?;
            if !config::is_private(&parsed) {
                return Err("url must begin with https://, or http:// on this machine".to_owned());
            }
            Ok(Dial::Http { url: url.to_owned(), token, client: clients.of(&parsed).clone() })
        }
        _ => Err("give either command or url".to_owned()),
    }
}

/// Looks after one server.
struct Server {
    config: config::McpServer,
    dial: Dial,
    registry: Arc<Registry>,
    state: watch::Sender<ServerState>,
    changed: Arc<Notify>,
    stop: CancellationToken,
}

/// How a connection ended.
enum Ended {
    Stopped,
    Lost(String),
}

impl Server {
    async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let Ended::Lost(why) = self.run_once().await else { return };
            self.lost(why);
            if began.elapsed() >= RECOVERED_AFTER {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells it once: a server that stays away is not told again each time.
    fn lost(&self, why: String) {
        let name = &self.config.name;
        let was_lost = matches!(*self.state.borrow(), ServerState::Lost { .. });
        if was_lost {
            tracing::debug!(server = %name, %why, "a server of tools is still not there");
        } else {
            tracing::warn!(server = %name, %why, "a server of tools is not there; it is tried again");
        }
        self.state.send_replace(ServerState::Lost { why });
    }

    async fn run_once(&self) -> Ended {
        let opening = timeout(CONNECT_LIMIT, Connection::open(&self.dial, self.changed.clone()));
        let opened = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ended::Stopped,
            opened = opening => opened,
        };
        let mut connection = match opened {
            Ok(Ok(connection)) => connection,
            Ok(Err(why)) => return Ended::Lost(why),
            Err(_) => return Ended::Lost(format!("it did not say hello within {} s", CONNECT_LIMIT.as_secs())),
        };
        let ended = self.serve(&mut connection).await;
        self.registry.replace(&self.config.name, Vec::new());
        connection.close().await;
        ended
    }

    async fn serve(&self, connection: &mut Connection) -> Ended {
        let peer = connection.peer.clone();
        loop {
            if let Err(why) = self.offer(&peer).await {
                return Ended::Lost(why);
            }
            loop {
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => return Ended::Stopped,
                    () = connection.ended() => return Ended::Lost("it has ended".to_owned()),
                    () = self.changed.notified() => break,
                    () = tokio::time::sleep(PING_EVERY) => {}
                }
                if !is_alive(&peer, PING_LIMIT).await {
                    return Ended::Lost("it does not answer".to_owned());
                }
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    /// Puts the server's tools into the registry.
    async fn offer(&self, peer: &Peer<RoleClient>) -> Result<(), String> {
        let listed = timeout(LIST_LIMIT, peer.list_all_tools()).await;
        let mut listed = listed
            .map_err(|_| format!("it did not list its tools within {} s", LIST_LIMIT.as_secs()))?
            .map_err(|error| format!("it does not list its tools: {}", super::result::cut(&error.to_string(), 200)))?;
        let name = &self.config.name;
        for missing in self.config.tools.iter().chain(&self.config.changing) {
            if missing != "*" && !listed.iter().any(|tool| tool.name == *missing) {
                tracing::warn!(server = %name, tool = %missing, "kiosk.toml names a tool that the server does not have");
            }
        }
        listed.retain(|tool| self.config.tools.is_empty() || self.config.tools.iter().any(|own| *own == tool.name));
        listed.truncate(MAX_TOOLS);
        let tools: Vec<Arc<dyn Tool>> = listed.iter().map(|tool| self.tool(tool, peer)).collect();
        let count = tools.len();
        let faults = self.registry.replace(name, tools);
        for fault in &faults {
            tracing::warn!(server = %name, %fault, "a tool is left out");
        }
        let tools = count - faults.len();
        tracing::info!(server = %name, tools, "a server of tools is there");
        self.state.send_replace(ServerState::Ready { tools, faults });
        Ok(())
    }

    fn tool(&self, tool: &RemoteTool, peer: &Peer<RoleClient>) -> Arc<dyn Tool> {
        let changes_something = convert::is_changing(&self.config, tool);
        let policy = Policy {
            time_out: Duration::from_millis(self.config.timeout_ms),
            retries: 0,
            is_parallel: !changes_something,
            prerequisites: Vec::new(),
            changes_something,
            says: "tool.other",
            icon: "search",
        };
        let spec = convert::spec(&self.config.name, tool);
        Arc::new(McpTool { spec, policy, remote: tool.name.clone().into_owned(), peer: peer.clone() })
    }
}

/// A tool of a server.
struct McpTool {
    spec: ToolSpec,
    policy: Policy,
    /// Its name at the server.
    remote: String,
    peer: Peer<RoleClient>,
}

#[async_trait]
impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, _context: &CallContext) -> Result<ToolOutput, ToolError> {
        let Value::Object(arguments) = arguments else {
            return Err(ToolError::Invalid("the arguments are no JSON object".to_owned()));
        };
        let request = CallToolRequestParams::new(self.remote.clone()).with_arguments(arguments);
        match self.peer.call_tool_once(request).await {
            Ok(CallToolResponse::Complete(result)) => {
                Ok(ToolOutput { content: convert::output(result)?, effects: Vec::new() })
            }
            Ok(_) => Err(ToolError::Failed("The tool wants something that the kiosk cannot give.".to_owned())),
            Err(error) => Err(convert::error(&error)),
        }
    }
}
