//! What the kiosk tells the outside: one typed, versioned JSON message for each thing that happens (`docs/events.md`),
//! made by [`Body::of_event`] and [`Body::of_feed`], numbered and kept for a short while by the [`Hub`], and served on the
//! health port of this machine by [`serve`].
//!
//! In: the bus and the feed. Out: messages to readers on loopback. Never touches: the conversation, the disk; words of
//! visitors go to readers and nowhere else, no log and no `Debug` shows them.

mod health;
mod hub;
mod message;
mod server;

use std::net::{Ipv4Addr, SocketAddr};

use tokio::{net::TcpListener, sync::broadcast::error::RecvError, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use self::{
    health::Health,
    hub::{Hub, Line, READERS, Readout, TooManyReaders},
    message::{Body, Message, VERSION},
    server::{is_loopback, serve},
};
use crate::event::{Bus, Feed};

/// Why the health port stays closed.
#[derive(Debug, thiserror::Error)]
#[error(
    "port {port} of 127.0.0.1 cannot be opened: {source}; is another program, or another kiosk, using it? See [health] port in kiosk.toml"
)]
pub struct PortError {
    port: u16,
    source: std::io::Error,
}

/// Opens the health port and tells what happens until `stop`. To be called inside a runtime.
///
/// # Errors
/// The port is taken.
pub fn open(
    port: u16,
    bus: &Bus,
    feed: &Feed,
    wall: fn() -> jiff::Timestamp,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, PortError> {
    let listen = || {
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    let listener = listen().map_err(|source| PortError { port, source })?;
    let hub = Hub::new(wall());
    let telling = tokio::spawn(tell_everything(hub.clone(), bus, feed, wall, stop.clone()));
    Ok(tokio::spawn(async move {
        serve(listener, hub, wall, stop).await;
        // It ends with `stop` too.
        let _ = telling.await;
    }))
}

/// Tells the hub what happens until `stop`, and then what is still waiting.
pub fn tell_everything(
    hub: Hub,
    bus: &Bus,
    feed: &Feed,
    wall: fn() -> jiff::Timestamp,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    // From now on, not from the first time that the task runs.
    let (mut events, mut words, feed) = (bus.subscribe(), feed.subscribe(), feed.clone());
    async move {
        loop {
            let body = tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(stamped) => Body::of_event(&stamped.event),
                    None => break,
                },
                message = words.recv() => match message {
                    Ok(message) => Some(Body::of_feed(&message)),
                    Err(RecvError::Lagged(missed)) => {
                        feed.missed(missed);
                        None
                    }
                    // The feed is held here as well: it does not end before the bus.
                    Err(RecvError::Closed) => break,
                },
                () = stop.cancelled() => break,
            };
            if let Some(body) = body {
                hub.tell(body, wall());
            }
        }
        hub.close();
    }
}
