//! Tasks that call a slot: while it is closed they are pending, and their threads do other things.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use counter_api::Counter;
use hotswap_core::{CallError, ErrorKind, Operator, event::Live};
use hotswap_tests::{LONG, Scene, until};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Inside, closing, counter, elsewhere, is_closed, stay_inside};

const TASKS: usize = 1000;

/// A slot that is closed for as long as a visitor stays inside, and an upgrade that waits for it.
struct Pause {
    scene: Scene<dyn Counter>,
    visitor: Inside,
    is_over: Arc<AtomicBool>,
}

impl Pause {
    fn begin() -> Self {
        let scene = Scene::<dyn Counter>::with(closing(), &counter("label=a"));
        let visitor = stay_inside(&scene.slot, "visitor");
        scene.put(&counter("label=b"));
        until("the upgrade closes the gate", || is_closed(&scene.slot));
        Self { scene, visitor, is_over: Arc::default() }
    }

    /// Another task of the runtime: it returns whether the pause was over when it came to its end.
    fn another(&self, runtime: &Runtime) -> tokio::task::JoinHandle<bool> {
        let is_over = Arc::clone(&self.is_over);
        runtime.spawn(async move {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            is_over.load(Ordering::Relaxed)
        })
    }

    fn end(self) -> (Scene<dyn Counter>, Live) {
        self.is_over.store(true, Ordering::Relaxed);
        self.visitor.leave();
        let live = self.scene.told.live();
        (self.scene, live)
    }
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime can be started")
}

#[test]
fn tasks_that_wait_for_an_upgrade_leave_their_threads_to_others() {
    let (pause, runtime) = (Pause::begin(), two_workers());
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let slot = pause.scene.slot.clone();
            runtime.spawn(async move { slot.run(|pin| pin.label()).await })
        })
        .collect();
    let was_over = runtime.block_on(pause.another(&runtime)).unwrap();
    assert!(!was_over, "the other task came to its end while they waited");
    assert!(is_closed(&pause.scene.slot));
    let _scene = pause.end();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap().unwrap(), "b");
    }
}

/// What `run` is for.
#[test]
fn pins_of_tasks_block_their_threads() {
    let (pause, runtime) = (Pause::begin(), two_workers());
    let (begin, begun) = mpsc::channel();
    let tasks = [begin.clone(), begin].map(|begin| {
        let slot = pause.scene.slot.clone();
        runtime.spawn(async move {
            begin.send(()).unwrap();
            slot.pin().label()
        })
    });
    assert_eq!(begun.iter().take(2).count(), 2);
    let another = pause.another(&runtime);
    let _scene = pause.end();
    assert!(runtime.block_on(another).unwrap(), "no thread was left for the other task");
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap().unwrap(), "b");
    }
}

#[test]
fn a_call_of_a_task_is_on_one_version_and_is_over_at_once() {
    let scene = Scene::<dyn Counter>::with(closing(), &counter("label=a"));
    let mut context = Context::from_waker(Waker::noop());
    let call = scene.slot.run(|pin| {
        pin.add(2)?;
        pin.value()
    });
    let ready = pin!(call).poll(&mut context);
    assert!(matches!(ready, Poll::Ready(Ok(2))), "{ready:?}");
    let alone = scene.slot.run_mut(|pin| {
        pin.add(3)?;
        pin.value()
    });
    let ready = pin!(alone).poll(&mut context);
    assert!(matches!(ready, Poll::Ready(Ok(5))), "{ready:?}");
    // It has left: an upgrade waits for nobody.
    scene.put(&counter("label=b"));
    assert_eq!(scene.told.live().generation, 2);
}

/// Nor does it keep an upgrade waiting: it is nowhere inside.
#[test]
fn a_task_that_gives_up_makes_no_call() {
    let pause = Pause::begin();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut call = pin!(pause.scene.slot.run(|pin| pin.add(1)));
        assert!(call.as_mut().poll(&mut context).is_pending());
    }
    let mut waits = Box::pin(pause.scene.slot.run(|pin| pin.value()));
    assert!(waits.as_mut().poll(&mut context).is_pending());
    drop(waits);
    let (scene, live) = pause.end();
    assert_eq!(live.generation, 2);
    assert_eq!(scene.slot.pin().value().unwrap(), 0);
}

#[test]
fn a_task_is_told_that_its_slot_has_ended() {
    let scene = Scene::<dyn Counter>::with(closing(), &counter("label=a"));
    let slot = scene.slot.clone();
    scene.host.shutdown().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let call = slot.run(|_| -> Result<(), _> { unreachable!("the slot has ended") });
    let ended = pin!(call).poll(&mut context);
    assert!(matches!(ended, Poll::Ready(Err(CallError::Ended { .. }))), "{ended:?}");
}

/// Asks the host when it is woken.
struct Asks(Operator, mpsc::Sender<usize>);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        self.1.send(self.0.status().slots.len()).unwrap();
    }
}

/// By a thread that is inside, while an upgrade waits for it.
#[test]
fn a_task_that_is_woken_by_the_end_of_its_host_may_ask_that_host() {
    let scene = Scene::<dyn Counter>::with(closing(), &counter("label=a"));
    let (tell, told) = mpsc::channel();
    let waker = Waker::from(Arc::new(Asks(scene.host.operator().clone(), tell)));
    let inside = thread::spawn(move || {
        let slot = scene.slot.clone();
        let pin = slot.pin();
        pin.label().unwrap();
        scene.put(&counter("label=b"));
        until("the upgrade closes the gate", || is_closed(&slot));
        let mut call = Box::pin(slot.run(|pin| pin.label()));
        let mut poll = || elsewhere(|| call.as_mut().poll(&mut Context::from_waker(&waker)));
        assert!(poll().is_pending());
        assert_eq!(scene.host.shutdown().unwrap_err().kind(), ErrorKind::Misuse);
        assert!(matches!(poll(), Poll::Ready(Err(CallError::Ended { .. }))));
        drop(pin);
    });
    assert_eq!(told.recv_timeout(LONG), Ok(1));
    inside.join().unwrap();
}
