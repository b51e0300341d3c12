//! Those who ask the server: each by a connection of its own, at a steady pace.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Empty};
use hyper::{Method, Request, StatusCode, body::Bytes, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, runtime, time};

use crate::{options::Options, times::Turns};

/// One request of so many stays in the module.
const STAYS: u64 = 1000;
/// One of so many is for a route that touches no module.
const OTHERS: u64 = 4;

/// What those who ask have seen.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// How often it was counted, as the server has said.
    pub(crate) counted: u64,
    pub(crate) add: Turns,
    pub(crate) other: Turns,
}

pub(crate) struct Crowd {
    thread: JoinHandle<Sums>,
    signs: Arc<Signs>,
}

#[derive(Default)]
struct Signs {
    end: AtomicBool,
    upgrades: AtomicBool,
    requests: AtomicU64,
}

impl Crowd {
    pub(crate) fn start(server: SocketAddr, options: &Options) -> Self {
        let signs = Arc::<Signs>::default();
        let (connections, pace, shared) =
            (options.connections(), options.pace(), Arc::clone(&signs));
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be started").block_on(async move {
                let connections = (0..connections).map(|n| {
                    let (signs, after) = (Arc::clone(&shared), pace * n / connections);
                    tokio::spawn(async move { ask(server, after, pace, &signs).await })
                });
                let mut sums = Sums::default();
                for connection in connections.collect::<Vec<_>>() {
                    sums.add(connection.await.expect("it does not panic"));
                }
                sums
            })
        });
        Self { thread, signs }
    }

    /// Whether there are upgrades from now on.
    pub(crate) fn upgrades(&self, upgrades: bool) {
        self.signs.upgrades.store(upgrades, Ordering::Relaxed);
    }

    pub(crate) fn end(self) -> Sums {
        self.signs.end.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}

async fn ask(server: SocketAddr, after: Duration, pace: Duration, signs: &Signs) -> Sums {
    let stream = TcpStream::connect(server).await.expect("the server listens");
    stream.set_nodelay(true).expect("a connection takes that");
    let connected = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut server, connection) = connected.expect("the server talks HTTP");
    let _connection = tokio::spawn(connection);
    let mut sums = Sums::default();
    let mut ticks = time::interval_at(time::Instant::now() + after, pace);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    while !signs.end.load(Ordering::Relaxed) {
        ticks.tick().await;
        let number = signs.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let upgrades = signs.upgrades.load(Ordering::Relaxed);
        let (method, path) = match number {
            _ if number.is_multiple_of(STAYS) => (Method::POST, "/stay"),
            _ if number.is_multiple_of(OTHERS) => (Method::GET, "/other"),
            _ => (Method::POST, "/add"),
        };
        let begun = Instant::now();
        let answer = answer(&mut server, method, path).await;
        let took = begun.elapsed();
        sums.requests += 1;
        match answer {
            Ok(_) if path == "/add" => {
                sums.counted += 1;
                sums.add.of(upgrades).note(took);
            }
            Ok(_) if path == "/other" => sums.other.of(upgrades).note(took),
            Ok(_) => {}
            Err(error) => {
                sums.failed += 1;
                eprintln!("{path}: {error}");
            }
        }
    }
    sums
}

async fn answer(
    server: &mut SendRequest<Empty<Bytes>>,
    method: Method,
    path: &str,
) -> Result<Bytes, String> {
    let request = Request::builder().method(method).uri(path).header("host", "load");
    let request = request.body(Empty::new()).expect("a request is well-formed");
    server.ready().await.map_err(|error| error.to_string())?;
    let answer = server.send_request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    match status {
        StatusCode::OK => Ok(body),
        other => Err(format!("{other}: {}", String::from_utf8_lossy(&body))),
    }
}

impl Sums {
    fn add(&mut self, other: Self) {
        let Self { requests, failed, counted, add, other } = other;
        self.requests += requests;
        self.failed += failed;
        self.counted += counted;
        self.add.add(add);
        self.other.add(other);
    }
}
