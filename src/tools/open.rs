//! The registry of a running kiosk: built-in tools, those of `kiosk.toml`, and servers that come and go.

use std::sync::Arc;

use super::{
    McpServers, Registry, Tool, ToolFault,
    http::{Clients, HttpTool},
};
use crate::{
    clock::Clock,
    config::{Config, Secrets},
    event::Bus,
    words::Words,
};

/// What [`open`] needs.
pub struct ToolParts<'p> {
    /// `[tools]`, and `[cloud]` for the HTTP client.
    pub config: &'p Config,
    /// What headers and servers may be given.
    pub secrets: &'p Secrets,
    /// The words of assent and refusal.
    pub words: &'p Words,
    /// Is told of every call.
    pub bus: Bus,
    /// Time-outs, pauses, breakers.
    pub clock: Arc<dyn Clock>,
}

/// What [`open`] gives.
pub struct OpenTools {
    /// All tools.
    pub registry: Arc<Registry>,
    /// The servers; stop them before the program ends.
    pub servers: McpServers,
    /// What the kiosk starts without. The caller tells staff.
    pub faults: Vec<ToolFault>,
}

/// Opens the registry with `built_in` tools first, then those of `[[tools.http]]`; servers of `[[tools.mcp]]` are connected
/// in the background. Without `tools.enabled` there is nothing in it. Call it on the runtime.
#[must_use]
pub fn open(parts: ToolParts<'_>, built_in: Vec<Arc<dyn Tool>>) -> OpenTools {
    let ToolParts { config, secrets, words, bus, clock } = parts;
    let config_tools = &config.tools;
    if !config_tools.enabled {
        let (registry, faults) = Registry::new(Vec::new(), config_tools, words, bus, clock);
        return OpenTools { registry, servers: McpServers::default(), faults };
    }
    let mut tools = built_in;
    let mut faults = Vec::new();
    let clients = Clients::new(&config.cloud);
    match &clients {
        Ok(clients) => {
            for declared in &config_tools.http {
                match HttpTool::new(declared, secrets, clients) {
                    Ok(tool) => tools.push(Arc::new(tool)),
                    Err(fault) => faults.push(fault),
                }
            }
        }
        Err(why) => faults.extend(config_tools.http.iter().map(|declared| ToolFault::Declaration {
            list: "http",
            name: declared.name.clone(),
            why: why.clone(),
        })),
    }
    let (registry, unusable) = Registry::new(tools, config_tools, words, bus, clock);
    faults.extend(unusable);
    let servers = match clients {
        Ok(clients) => {
            let (servers, unusable) = McpServers::start(&config_tools.mcp, secrets, &clients, &registry);
            faults.extend(unusable);
            servers
        }
        Err(why) => {
            faults.extend(config_tools.mcp.iter().map(|server| ToolFault::Declaration {
                list: "mcp",
                name: server.name.clone(),
                why: why.clone(),
            }));
            McpServers::default()
        }
    };
    OpenTools { registry, servers, faults }
}
