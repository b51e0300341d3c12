//! An answer that the worker owes, and that a thread or a task waits for.

use hotswap_abi::__private::contained;

/// An answer that the worker owes: kept, or broken where it is dropped.
///
/// Either wakes the task that waits. Its waker is the program's code: one that panics is the fault of
/// neither the worker nor whoever else waits for it.
#[derive(Debug)]
pub(crate) struct Promise<T>(Option<oneshot::Sender<T>>);

impl<T> Promise<T> {
    pub(crate) fn new() -> (Self, oneshot::Receiver<T>) {
        let (sender, answer) = oneshot::channel();
        (Self(Some(sender)), answer)
    }

    pub(super) fn keep(mut self, answer: T) {
        let sender = self.0.take();
        // Fails only when nobody waits.
        let _ = contained(|| sender.map(|sender| sender.send(answer)));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let sender = self.0.take();
        let _ = contained(|| drop(sender));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Future as _, IntoFuture as _},
        pin::pin,
        sync::Arc,
        task::{Context, Poll, Wake, Waker},
    };

    use super::*;

    struct Bad;

    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("a waker's own mistake");
        }
    }

    #[test]
    fn a_waker_that_panics_is_contained_and_the_answer_is_there() {
        for keeps in [true, false] {
            let (promise, answer) = Promise::new();
            let mut answer = pin!(answer.into_future());
            let waker = Waker::from(Arc::new(Bad));
            assert!(answer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            if keeps {
                promise.keep(1);
            } else {
                drop(promise);
            }
            let found = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(found, Poll::Ready(if keeps { Ok(1) } else { Err(oneshot::RecvError) }));
        }
    }
}
