//! Staff and the people on record from the command line, as whoever looks after the box uses it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

fn majlis(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
    command.arg("--set").arg(format!("paths.database={}", folder.join("majlis.sqlite").display()));
    command.args(arguments).env_remove("MAJLIS_STORE_KEY").env_remove("CREDENTIALS_DIRECTORY");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input closes it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_member_of_staff_is_added_by_a_pin_on_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let added = majlis(folder.path(), &["staff", "add", "--name", "Aisha"], "402913\n");
    assert_eq!(added.status.code(), Some(0), "{}", told(&added));
    let listed = majlis(folder.path(), &["staff", "list"], "");
    assert!(told(&listed).contains("Aisha") && !told(&listed).contains("402913"), "{}", told(&listed));
    let key = folder.path().join("majlis.sqlite.key");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = majlis(folder.path(), &["staff", "add", "--name", "Omar"], "4029\n");
    assert_eq!(refused.status.code(), Some(1));
    assert!(told(&refused).contains("6 digits"), "{}", told(&refused));
    let checked = majlis(folder.path(), &["db", "check"], "");
    assert_eq!(checked.status.code(), Some(0), "{}", told(&checked));
}

#[test]
fn wrong_use_and_what_is_not_there_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = majlis(folder.path(), &["visitors", "list"], "");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(told(&nobody).contains("nobody is on record"), "{}", told(&nobody));
    majlis(folder.path(), &["staff", "add", "--name", "Aisha"], "402913\n");
    let empty = majlis(folder.path(), &["visitors", "list", "--json"], "");
    assert_eq!((empty.status.code(), empty.stdout.as_slice()), (Some(0), b"[]\n".as_slice()));
    let id = "0190a5d2-0000-7000-8000-000000000000";
    assert_eq!(majlis(folder.path(), &["visitors", "show", "maryam"], "").status.code(), Some(2), "no id");
    assert_eq!(majlis(folder.path(), &["visitors", "show", id], "").status.code(), Some(1));
    let unasked = majlis(folder.path(), &["visitors", "forget", id], "");
    assert_eq!(unasked.status.code(), Some(2));
    assert!(told(&unasked).contains("--yes"), "{}", told(&unasked));
    assert_eq!(majlis(folder.path(), &["visitors", "forget", id, "--yes"], "").status.code(), Some(1));
    let no_consent = majlis(folder.path(), &["enroll", "--name", "Maryam", "picture.jpg"], "");
    assert_eq!(no_consent.status.code(), Some(2));
    assert!(told(&no_consent).contains("--consent-file"), "{}", told(&no_consent));
}

#[test]
fn a_wrong_key_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
    command.arg("--set").arg(format!("paths.database={}", folder.path().join("majlis.sqlite").display()));
    command.args(["staff", "add", "--name", "Aisha"]).env("MAJLIS_STORE_KEY", "sesame").stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("MAJLIS_STORE_KEY") && !told(&output).contains("sesame"), "{}", told(&output));
}
