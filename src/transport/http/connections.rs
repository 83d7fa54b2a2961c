//! Connections: accepted, each with time-outs, and ended in an orderly way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::access::Peer;

/// The most of a head, in bytes.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// How long accepting pauses after an error that is the process's own, such as no file left to open.
const PAUSE: Duration = Duration::from_millis(500);

/// Accepts connections until `ending`, `places` at once; further ones wait to be accepted. The tracker has those that are
/// open: each ends when the answers under way are out, or when its client lets it wait for longer than `patience`.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    ending: CancellationToken,
    places: usize,
    patience: Duration,
) -> TaskTracker {
    let open = TaskTracker::new();
    let places = Arc::new(Semaphore::new(places));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = ending.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let serving = serve(stream, Peer(address), router.clone(), ending.clone(), patience);
                open.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::warn!("a connection can't be accepted: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    open.close();
    open
}

async fn serve(stream: TcpStream, peer: Peer, router: Router, ending: CancellationToken, patience: Duration) {
    // Small messages go out at once.
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(patience));
    let stream = Box::pin(stream);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What goes wrong here is the client's: it is gone, or does not speak HTTP.
        _ = &mut connection => return,
        () = ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await.ok();
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
