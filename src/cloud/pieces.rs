//! A stream whose pieces are made by an async block, without a task of its own.

use std::{future::Future, task::Poll};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc;

/// Where the block puts its pieces. Holds one; the block waits until it is taken.
pub(crate) struct Output<T>(mpsc::Sender<T>);

impl<T> Output<T> {
    /// Hands out `piece`. The stream cannot be dropped while its block runs, so this never fails.
    pub(crate) async fn give(&self, piece: T) {
        let _ = self.0.send(piece).await;
    }
}

/// Runs `produce` whenever the stream is polled: lazy, cancelled by dropping the stream, and no task switch
/// between a piece and its reader.
pub(crate) fn pieces<T, F>(produce: impl FnOnce(Output<T>) -> F) -> BoxStream<'static, T>
where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel(1);
    let mut work = Some(Box::pin(produce(Output(sender))));
    stream::poll_fn(move |context| {
        if let Poll::Ready(Some(piece)) = receiver.poll_recv(context) {
            return Poll::Ready(Some(piece));
        }
        if let Some(running) = work.as_mut()
            && running.as_mut().poll(context).is_ready()
        {
            work = None;
        }
        // What was just produced; or, once the block and with it the sender are gone, the end.
        receiver.poll_recv(context)
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_come_in_order_and_the_end_of_the_block_ends_the_stream() {
        let numbers = pieces(|out| async move {
            for number in 0..5 {
                tokio::task::yield_now().await;
                out.give(number).await;
            }
        });
        assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2, 3, 4]);
    }
}
