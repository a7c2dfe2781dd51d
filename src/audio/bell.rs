//! Waking the audio loop, and the queue of commands that does so.

use std::{
    sync::{Arc, OnceLock},
    thread::Thread,
};

use tokio::sync::mpsc;

use super::AudioCommand;

/// Commands waiting for the audio loop. When it is full the sender waits.
const COMMANDS: usize = 64;

/// Wakes the audio loop's thread. Ringing is one futex call without lock or allocation, so that a device's
/// callback may do it; ringing before the loop runs is no error.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<OnceLock<Thread>>);

impl Bell {
    /// From now on this thread is woken.
    pub(super) fn wake_this_thread(&self) {
        // A bell belongs to one loop; a second call would come from that same loop.
        let _ = self.0.set(std::thread::current());
    }

    /// Wakes the loop, or lets its next wait return at once.
    pub fn ring(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

/// The audio loop has ended and takes no commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audio loop has ended")]
pub struct AudioClosed;

/// Sends commands to the audio loop and wakes it, so that a chunk of sound leaves at once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AudioCommands {
    sender: mpsc::Sender<AudioCommand>,
    bell: Bell,
}

impl AudioCommands {
    /// A queue of commands; a test takes the receiving end itself.
    #[must_use]
    pub fn channel(bell: Bell) -> (Self, mpsc::Receiver<AudioCommand>) {
        let (sender, receiver) = mpsc::channel(COMMANDS);
        (Self { sender, bell }, receiver)
    }

    /// Sends `command`, waiting while the queue is full.
    ///
    /// # Errors
    /// The loop has ended.
    pub async fn send(&self, command: AudioCommand) -> Result<(), AudioClosed> {
        let sent = self.sender.send(command).await.map_err(|_| AudioClosed);
        self.bell.ring();
        sent
    }
}
