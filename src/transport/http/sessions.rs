//! The sessions of Streamable HTTP: rmcp's, so many and no more; the requests of a client that went away are cancelled.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::Stream;
use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientJsonRpcMessage, ClientNotification, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionHandle, LocalSessionManager, LocalSessionManagerError, SessionConfig, SessionError,
    StreamableHttpMessageReceiver,
};
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionId, SessionManager};
use tokio::runtime::Handle;

use super::limits::{Place, Places};

/// How long a session may be silent: far longer than the longest call, which may say nothing for eleven minutes, and longer than
/// a user's break, since few clients open another session by themselves.
const SESSION_IDLE: Duration = Duration::from_secs(4 * 3600);
/// After how long a client whose stream broke is told to resume it.
pub(super) const RESUME_AFTER: Duration = Duration::from_secs(1);
/// How long a stream that broke may be resumed before its request is cancelled: a client that takes up a stream does it after
/// [`RESUME_AFTER`].
const RESUME_WITHIN: Duration = Duration::from_secs(4);

/// The sessions.
pub(super) struct Sessions {
    local: LocalSessionManager,
    places: Arc<Places>,
    taken: Mutex<HashMap<SessionId, Seat>>,
    attended: Arc<Mutex<Attended>>,
}

/// What a session takes up.
struct Seat {
    _place: Place,
    /// When it was used last; shared with every [`Use`] of it.
    last: Arc<Mutex<Instant>>,
}

impl Seat {
    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.last) == 1
    }
}

/// A use of a session, which is not idle as long as there is one.
struct Use(Arc<Mutex<Instant>>);

impl Drop for Use {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// The requests whose answers are awaited, by their session and the number of their stream in it.
type Attended = HashMap<(SessionId, u64), Attendance>;

struct Attendance {
    request: RequestId,
    /// Which of the streams that were opened for it, one after the other, is the last.
    stream: u64,
}

impl Sessions {
    pub(super) fn new(places: Arc<Places>) -> Self {
        let mut config = SessionConfig::default();
        config.keep_alive = Some(SESSION_IDLE);
        config.sse_retry = Some(RESUME_AFTER);
        let mut local = LocalSessionManager::default();
        local.session_config = config;
        Self { local, places, taken: Mutex::default(), attended: Arc::default() }
    }

    /// Ends the session that is idle longest: none of its streams is read, and none of its requests is awaited.
    pub(super) async fn evict(&self) {
        let seat = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = taken.iter().filter(|(_, seat)| seat.is_idle()).min_by_key(|(_, seat)| seat.last());
            idle.map(|(id, _)| id.clone()).and_then(|id| taken.remove_entry(&id))
        };
        let Some((id, seat)) = seat else { return };
        tracing::debug!("the session that was idle longest makes room for another");
        self.local.close_session(&id).await.ok();
        drop(seat);
    }

    fn using(&self, id: &SessionId) -> Option<Use> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(id).map(|seat| Use(seat.last.clone()))
    }

    async fn handle(&self, id: &SessionId) -> Result<LocalSessionHandle, LocalSessionManagerError> {
        let sessions = self.local.sessions.read().await;
        sessions.get(id).cloned().ok_or_else(|| LocalSessionManagerError::SessionNotFound(id.clone()))
    }
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let place = self.places.take().map_err(|_| SessionError::Io(io::ErrorKind::QuotaExceeded.into()))?;
        let (id, transport) = self.local.create_session().await?;
        let seat = Seat { _place: place, last: Arc::new(Mutex::new(Instant::now())) };
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), seat);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let _using = self.using(id);
        self.local.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        let seat = self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let closed = self.local.close_session(id).await;
        drop(seat);
        closed
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id);
        let handle = self.handle(id).await?;
        let request =
            if let ClientJsonRpcMessage::Request(request) = &message { Some(request.id.clone()) } else { None };
        let receiver = handle.establish_request_wise_channel().await?;
        let number = receiver.http_request_id;
        let stream = Attending::new(handle.clone(), receiver, &self.attended, request, using);
        handle.push_message(message, number).await?;
        Ok(stream)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id);
        let handle = self.handle(id).await?;
        let receiver = handle.establish_common_channel().await?;
        Ok(Attending::new(handle, receiver, &self.attended, None, using))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id);
        let handle = self.handle(id).await?;
        let receiver = handle.resume(last_event_id.parse()?).await?;
        Ok(Attending::new(handle, receiver, &self.attended, None, using))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        let _using = self.using(id);
        self.local.accept_message(id, message).await
    }
}

/// A stream to a client, which counts as attending to its request as long as it reads.
struct Attending {
    receiver: StreamableHttpMessageReceiver,
    handle: LocalSessionHandle,
    attended: Arc<Mutex<Attended>>,
    /// Which stream of the request's this is; `None` for one that is no request's, or that has come to its end.
    stream: Option<u64>,
    using: Option<Use>,
}

impl Attending {
    /// The stream of a new request, or, without one, whatever stream it is: of a request that is still attended to it is the
    /// next one.
    fn new(
        handle: LocalSessionHandle,
        receiver: StreamableHttpMessageReceiver,
        attended: &Arc<Mutex<Attended>>,
        request: Option<RequestId>,
        using: Option<Use>,
    ) -> Self {
        let stream = receiver.http_request_id.and_then(|number| {
            let mut attended = attended.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (handle.id().clone(), number);
            if let Some(request) = request {
                attended.insert(key, Attendance { request, stream: 0 });
                return Some(0);
            }
            attended.get_mut(&key).map(|attendance| {
                attendance.stream += 1;
                attendance.stream
            })
        });
        Self { receiver, handle, attended: attended.clone(), stream, using }
    }

    fn key(&self) -> Option<((SessionId, u64), u64)> {
        Some(((self.handle.id().clone(), self.receiver.http_request_id?), self.stream?))
    }
}

/// Takes the request away if that stream is the last of it.
fn forget(attended: &Mutex<Attended>, key: &(SessionId, u64), stream: u64) -> Option<RequestId> {
    let mut attended = attended.lock().unwrap_or_else(PoisonError::into_inner);
    if attended.get(key).is_some_and(|attendance| attendance.stream == stream) {
        return attended.remove(key).map(|attendance| attendance.request);
    }
    None
}

impl Stream for Attending {
    type Item = ServerSseMessage;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.receiver.inner.poll_recv(context);
        if matches!(polled, Poll::Ready(None))
            && let Some((key, stream)) = self.key()
        {
            forget(&self.attended, &key, stream);
            self.stream = None;
        }
        polled
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        let (Some((key, stream)), Ok(runtime)) = (self.key(), Handle::try_current()) else { return };
        let (handle, attended, using) = (self.handle.clone(), self.attended.clone(), self.using.take());
        runtime.spawn(async move {
            tokio::time::sleep(RESUME_WITHIN).await;
            if let Some(request) = forget(&attended, &key, stream) {
                tracing::debug!("a client went away: its request is cancelled");
                handle.push_message(cancelled(request), None).await.ok();
            }
            drop(using);
        });
    }
}

fn cancelled(request: RequestId) -> ClientJsonRpcMessage {
    let param = CancelledNotificationParam::new(Some(request), Some("the client went away".to_owned()));
    ClientJsonRpcMessage::notification(ClientNotification::CancelledNotification(CancelledNotification::new(param)))
}
