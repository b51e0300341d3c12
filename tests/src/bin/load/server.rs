//! The server: three routes, on two workers.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use hotswap_core::{CallError, Slot};
use tally_api::Tally;
use tokio::{net::TcpListener, runtime::Runtime, task};

use crate::times::Turns;

/// How long a call of `/stay` is in the module.
const STAY_MILLIS: u64 = 2000;

pub(crate) struct Server {
    runtime: Runtime,
    address: SocketAddr,
    app: Arc<App>,
}

struct App {
    slot: Slot<dyn Tally>,
    waits: Mutex<Turns>,
    upgrades: AtomicBool,
}

impl Server {
    pub(crate) fn start(slot: Slot<dyn Tally>) -> Self {
        let app = Arc::new(App { slot, waits: Mutex::default(), upgrades: AtomicBool::new(false) });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be started");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)));
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let router = Router::new()
            .route("/add", post(add))
            .route("/stay", post(stay))
            .route("/other", get(other))
            .with_state(Arc::clone(&app));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { runtime, address, app }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether there are upgrades from now on.
    pub(crate) fn upgrades(&self, upgrades: bool) {
        self.app.upgrades.store(upgrades, Ordering::Relaxed);
    }

    /// For how long calls have waited for the slot.
    pub(crate) fn end(self) -> Turns {
        drop(self.runtime);
        std::mem::take(&mut *self.app.waits.lock().expect("nobody panics with it"))
    }
}

// ANCHOR: run
async fn add(State(app): State<Arc<App>>) -> Result<String, Failed> {
    let begun = Instant::now();
    let answer = app.slot.run(|tally| Ok((begun.elapsed(), tally.add(1)?)));
    let (waited, count) = answer.await?;
    let upgrades = app.upgrades.load(Ordering::Relaxed);
    app.waits.lock().expect("nobody panics with it").of(upgrades).note(waited);
    Ok(count.to_string())
}
// ANCHOR_END: run

// ANCHOR: blocking
/// A long call has a thread of its own.
async fn stay(State(app): State<Arc<App>>) -> Result<&'static str, Failed> {
    let stays = task::spawn_blocking(move || app.slot.pin().stay(STAY_MILLIS));
    stays.await.expect("it does not panic")?;
    Ok("stayed")
}
// ANCHOR_END: blocking

async fn other() -> &'static str {
    "no module"
}

struct Failed(CallError);

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        Self(error)
    }
}

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.0.to_string()).into_response()
    }
}
