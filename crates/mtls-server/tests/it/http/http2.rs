//! What a client that was let in can do with frames of HTTP/2.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, routing::get};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;

use crate::support::{
    World,
    adapter::{ADAPTERS, Adapter, Running},
    client::{self, VERSIONS},
    connection::{Connection, Http, PATIENCE},
    h2::{self, CONTINUATION, END_HEADERS, END_STREAM, GOAWAY, HEADERS, REFUSED, RST_STREAM},
    router,
};

struct Scene {
    world: World,
    server: Running,
    /// Handlers that never answer: how many run now, and the most that ever did.
    running: Arc<Count>,
}

#[derive(Default)]
struct Count {
    now: AtomicUsize,
    most: AtomicUsize,
    begun: AtomicUsize,
}

struct Counted(Arc<Count>);

impl Counted {
    fn new(count: &Arc<Count>) -> Self {
        let now = count.now.fetch_add(1, SeqCst) + 1;
        count.most.fetch_max(now, SeqCst);
        count.begun.fetch_add(1, SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

impl Scene {
    async fn new(adapter: Adapter) -> Self {
        let world = World::new();
        let running = Arc::<Count>::default();
        let count = Arc::clone(&running);
        let never = move || {
            let counted = Counted::new(&count);
            async move {
                std::future::pending::<()>().await;
                drop(counted);
            }
        };
        let router: Router = router()
            .route("/never", get(never))
            .route("/empty", get(StatusCode::NO_CONTENT));
        let server = adapter.start(world.config().build().unwrap(), router).await;
        Self {
            world,
            server,
            running,
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let alice = self.world.ca.client("alice");
        let mut config = client::config(&self.world, Some(&alice), VERSIONS[1]);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let mut stream = client::connect(self.server.address, config).await.unwrap();
        h2::begin(&mut stream).await;
        stream
    }

    /// Another client is served as if nothing was.
    async fn serves_others(&self) {
        let began = Instant::now();
        let bob = self.world.ca.client("bob");
        let config = client::config(&self.world, Some(&bob), VERSIONS[1]);
        let mut bob = Connection::open(Http::Two, self.server.address, config)
            .await
            .unwrap();
        assert_eq!(bob.get("/").await.unwrap(), (200, "CN=bob".to_owned()));
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

/// The streams that the settings of an adapter allow: `axum::serve` takes none of ours.
fn allowed(adapter: Adapter) -> usize {
    match adapter {
        Adapter::Serve | Adapter::AxumServer | Adapter::Hyper => 128,
        Adapter::AxumServe => 200,
    }
}

fn request(stream: u32, path: &str) -> Vec<u8> {
    h2::frame(HEADERS, END_HEADERS | END_STREAM, stream, &h2::get(path))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stream_more_than_allowed_is_refused_and_the_others_go_on() {
    for adapter in ADAPTERS {
        let scene = Scene::new(adapter).await;
        let mut stream = scene.connect().await;
        let allowed = allowed(adapter);
        for number in 0..=u32::try_from(allowed).unwrap() {
            let bytes = request(2 * number + 1, "/never");
            stream.write_all(&bytes).await.unwrap();
        }
        stream.flush().await.unwrap();
        let refused = async {
            loop {
                let frame = h2::read(&mut stream).await.expect("it goes on");
                if frame.kind == RST_STREAM {
                    return frame;
                }
            }
        };
        let frame = timeout(PATIENCE, refused).await.unwrap();
        assert_eq!(frame.code(), REFUSED, "{adapter:?}");
        assert_eq!(frame.stream as usize, 2 * allowed + 1, "{adapter:?}");
        assert!(scene.running.most.load(SeqCst) <= allowed, "{adapter:?}");
        scene.serves_others().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_resets_each_stream_at_once_is_cut_off() {
    const FLOOD: u32 = 20_000;
    for adapter in ADAPTERS {
        let scene = Scene::new(adapter).await;
        let mut stream = scene.connect().await;
        let flood = async {
            for number in 0..FLOOD {
                let id = 2 * number + 1;
                let mut bytes = request(id, "/never");
                // CANCEL
                bytes.extend(h2::frame(RST_STREAM, 0, id, &[0, 0, 0, 8]));
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = stream.flush().await;
        };
        timeout(PATIENCE, flood).await.unwrap();
        let ended = async {
            while let Some(frame) = h2::read(&mut stream).await {
                if frame.kind == GOAWAY {
                    return;
                }
            }
        };
        timeout(PATIENCE, ended).await.expect("it was cut off");
        let running = &scene.running;
        assert!(running.most.load(SeqCst) <= allowed(adapter));
        assert!(running.begun.load(SeqCst) < FLOOD as usize / 10);
        scene.serves_others().await;
        let idle = async {
            while running.now.load(SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, idle).await.expect("no handler is left");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_list_that_is_too_long_reaches_no_handler() {
    for adapter in ADAPTERS {
        // 64 KiB, as with HTTP/1; `axum::serve` has a limit of its own.
        let most = match adapter {
            Adapter::AxumServe => 1,
            Adapter::Serve | Adapter::AxumServer | Adapter::Hyper => 4,
        };
        for (fields, good) in [(most, true), (most + 1, false)] {
            let scene = Scene::new(adapter).await;
            let mut stream = scene.connect().await;
            let mut bytes = h2::frame(HEADERS, END_STREAM, 1, &h2::get("/never"));
            for _ in 0..fields {
                bytes.extend(h2::frame(CONTINUATION, 0, 1, &h2::field(15_000)));
            }
            let end = h2::frame(CONTINUATION, END_HEADERS, 1, &h2::field(500));
            bytes.extend(end);
            stream.write_all(&bytes).await.unwrap();
            stream.flush().await.unwrap();
            let answered = async {
                while let Some(frame) = h2::read(&mut stream).await {
                    if matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY) {
                        return;
                    }
                }
            };
            let answered = timeout(Duration::from_secs(2), answered).await;
            let begun = scene.running.begun.load(SeqCst);
            assert_eq!(begun, usize::from(good), "{adapter:?} {fields}");
            assert_eq!(answered.is_err(), good, "{adapter:?} {fields}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn continuations_without_end_are_not_collected() {
    for adapter in ADAPTERS {
        let scene = Scene::new(adapter).await;
        let mut stream = scene.connect().await;
        let first = h2::frame(HEADERS, END_STREAM, 1, &h2::get("/never"));
        stream.write_all(&first).await.unwrap();
        let flood = async {
            for _ in 0..10_000 {
                let more = h2::frame(CONTINUATION, 0, 1, &h2::field(4_000));
                if stream.write_all(&more).await.is_err() {
                    return true;
                }
            }
            false
        };
        let cut = timeout(PATIENCE, flood).await.unwrap();
        assert!(cut, "{adapter:?} took 40 MB of one header");
        assert_eq!(scene.running.begun.load(SeqCst), 0);
        scene.serves_others().await;
    }
}

/// As gRPC has it where there are trailers alone: a client may wait for a body otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_a_body_ends_with_its_head() {
    for adapter in ADAPTERS {
        let scene = Scene::new(adapter).await;
        for (path, ends) in [("/empty", true), ("/", false)] {
            let mut stream = scene.connect().await;
            stream.write_all(&request(1, path)).await.unwrap();
            let head = async {
                loop {
                    let frame = h2::read(&mut stream).await.unwrap();
                    if frame.kind == HEADERS {
                        return frame;
                    }
                }
            };
            let head = timeout(PATIENCE, head).await.unwrap();
            let ended = head.flags & END_STREAM != 0;
            assert_eq!(ended, ends, "{adapter:?} {path}");
        }
    }
}
