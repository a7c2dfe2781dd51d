//! The health port: `GET /` (a page that shows the messages), `GET /health`, `GET /events` (server-sent events). Only for
//! programs and people on this machine: bound to 127.0.0.1, and a page from elsewhere that a browser here shows cannot
//! read it, neither across origins (nothing is allowed) nor under another name for this machine (the `Host` is checked).

use std::{convert::Infallible, net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use http_body_util::{Either, Full, StreamBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{self, HeaderName, HeaderValue},
    http::uri::Authority,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Hub, Line, Readout};

/// Connections at a time, readers included. More wait in the system's queue until one ends.
const CONNECTIONS: usize = 32;
/// A request has to be there in this time.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);
/// What is read of a request, and what is buffered of an answer, bytes: small, so that a reader that stopped is noticed.
const BUFFER_BYTES: usize = 16 * 1024;
/// A comment is sent to a reader that has had nothing for this long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After a failed accept (too many open files).
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// How long readers may take for the last messages when the kiosk stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

const PAGE: &str = include_str!("monitor.html");
/// The page holds its style and script, reads this port and nothing else, and stands in no other page.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Stream = BoxStream<'static, Result<Frame<Bytes>, Infallible>>;
type Answer = Response<Either<Full<Bytes>, StreamBody<Stream>>>;

/// Serves `hub` on `listener` until `stop`.
pub async fn serve(listener: TcpListener, hub: Hub, wall: fn() -> Timestamp, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    // Cancelled when readers have had their time after `stop`.
    let end = CancellationToken::new();
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = room.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = converse(stream, hub.clone(), wall, end.child_token());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the health port was not accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if timeout(LAST_WORDS, connections.wait()).await.is_err() {
        end.cancel();
        connections.wait().await;
    }
}

/// One request and its answer. `hang_up` ends it at once.
async fn converse(stream: TcpStream, hub: Hub, wall: fn() -> Timestamp, hang_up: CancellationToken) {
    // Without it a message may wait for the next one.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let answer = answer(&request, &hub, wall(), &hang_up);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_LIMIT)
        .keep_alive(false)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A reader that went away is no news.
        _ = connection => {}
        () = hang_up.cancelled() => {}
    }
}

fn answer(request: &Request<Incoming>, hub: &Hub, now: Timestamp, hang_up: &CancellationToken) -> Answer {
    if let Err(reason) = is_from_here(request) {
        return text(StatusCode::FORBIDDEN, reason);
    }
    if request.method() != Method::GET {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed: nothing can be changed here\n");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return answer;
    }
    match request.uri().path() {
        "/" => {
            let mut answer = whole(StatusCode::OK, "text/html; charset=utf-8", PAGE);
            let policy = HeaderValue::from_static(PAGE_POLICY);
            answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            answer
        }
        "/health" => match serde_json::to_string(&hub.health()) {
            Ok(json) => whole(StatusCode::OK, "application/json", json + "\n"),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the state cannot be written\n"),
        },
        "/events" => events(request, hub, now, hang_up),
        _ => text(StatusCode::NOT_FOUND, "there is only /, /health and /events\n"),
    }
}

fn events(request: &Request<Incoming>, hub: &Hub, now: Timestamp, hang_up: &CancellationToken) -> Answer {
    let last = match request.headers().get("last-event-id").map(|id| id.to_str().ok()?.trim().parse().ok()) {
        Some(None) => {
            return text(
                StatusCode::BAD_REQUEST,
                "Last-Event-ID is no id; allowed: the id of a message, a whole number\n",
            );
        }
        Some(last) => last,
        None => None,
    };
    match hub.join(last, now, hang_up.clone()) {
        Ok(readout) => {
            let body = Either::Right(StreamBody::new(frames(readout)));
            with_headers(StatusCode::OK, "text/event-stream", body)
        }
        Err(error) => {
            let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"));
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            answer
        }
    }
}

/// The messages in the format of server-sent events; `event:` is left out, so that a page's `onmessage` gets all of them.
fn frames(readout: Readout) -> Stream {
    let Readout { missed, live } = readout;
    let first = std::iter::once(frame("retry: 2000\n\n".to_owned()));
    let missed: Vec<_> = first.chain(missed.iter().map(|line| message(line))).collect();
    let live = stream::unfold(live, |mut live| async move {
        match timeout(KEEP_ALIVE, live.recv()).await {
            Ok(Some(line)) => Some((message(&line), live)),
            Ok(None) => None,
            Err(_) => Some((frame(": keep-alive\n\n".to_owned()), live)),
        }
    });
    stream::iter(missed).chain(live).boxed()
}

fn message(line: &Line) -> Result<Frame<Bytes>, Infallible> {
    frame(format!("id: {}\ndata: {}\n\n", line.id, line.json))
}

fn frame(text: String) -> Result<Frame<Bytes>, Infallible> {
    Ok(Frame::data(Bytes::from(text)))
}

fn text(status: StatusCode, what: impl Into<Bytes>) -> Answer {
    whole(status, "text/plain; charset=utf-8", what)
}

fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    with_headers(status, kind, Either::Left(Full::new(body.into())))
}

fn with_headers(status: StatusCode, kind: &'static str, body: Either<Full<Bytes>, StreamBody<Stream>>) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not even a picture or script tag elsewhere may load it.
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    answer.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

/// Whether a request was meant for this machine: its `Host`, and its `Origin` if it has one, name loopback.
fn is_from_here(request: &Request<Incoming>) -> Result<(), &'static str> {
    let header = |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    if !header(header::HOST).is_some_and(is_loopback) {
        return Err(
            "the Host of the request is not this machine; allowed: 127.0.0.1, localhost, [::1], with or without a \
                    port\n",
        );
    }
    let is_own = |origin: &str| origin.strip_prefix("http://").is_some_and(is_loopback);
    if header(header::ORIGIN).is_some_and(|origin| !is_own(origin)) {
        return Err("pages from elsewhere may not read this port\n");
    }
    Ok(())
}

/// Whether `host`, perhaps with a port, is a name of this machine for itself.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    !host.contains('@')
        && (name.eq_ignore_ascii_case("localhost")
            || name == "[::1]"
            || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_for_itself_are_its_own() {
        for host in ["127.0.0.1", "127.0.0.1:8088", "localhost", "LocalHost:80", "[::1]:9000", "127.8.8.8"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "a@localhost",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
