//! From the Model Context Protocol's tools, results and errors to ours.

use rmcp::{
    model::{CallToolResult, ContentBlock, ErrorCode, ResourceContents, Tool as RemoteTool},
    service::ServiceError,
};
use serde_json::{Value, json};

use super::super::{ToolError, result::cut};
use crate::{config, event::ToolSpec};

/// The longest description that a server gets into the prompt, characters.
const MAX_DESCRIPTION_CHARS: usize = 1_000;
/// The longest explanation of a failure, characters.
const MAX_REASON_CHARS: usize = 500;
/// The longest name that models take.
const MAX_NAME: usize = 64;

/// The tool as the model sees it: `server_tool`, in letters that models take.
pub(super) fn spec(server: &str, tool: &RemoteTool) -> ToolSpec {
    let mut name: String = format!("{server}_{}", tool.name)
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .collect();
    name.truncate(MAX_NAME);
    let about = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
    let mut parameters = Value::Object(tool.input_schema.as_ref().clone());
    if let Some(fields) = parameters.as_object_mut() {
        // Some servers leave it out where there are no arguments.
        fields.entry("type").or_insert_with(|| json!("object"));
    }
    ToolSpec { name, description: cut(about.trim(), MAX_DESCRIPTION_CHARS), parameters }
}

/// Whether the visitor has to agree: because `kiosk.toml` says so, or because the server itself says that it destroys.
pub(super) fn is_changing(config: &config::McpServer, tool: &RemoteTool) -> bool {
    let is_listed = config.changing.iter().any(|name| name == "*" || *name == tool.name);
    let destroys = tool.annotations.as_ref().is_some_and(|annotations| {
        annotations.destructive_hint == Some(true) && annotations.read_only_hint != Some(true)
    });
    is_listed || destroys
}

/// What a call came to.
pub(super) fn output(result: CallToolResult) -> Result<Value, ToolError> {
    if result.is_error == Some(true) {
        let said = texts(&result.content);
        let said = if said.is_empty() { "it gave no reason".to_owned() } else { cut(&said, MAX_REASON_CHARS) };
        return Err(ToolError::Refused(format!("The tool refused: {said}")));
    }
    if let Some(structured) = result.structured_content {
        return Ok(structured);
    }
    let text = texts(&result.content);
    // Many servers write JSON as text.
    Ok(match serde_json::from_str(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => Value::String(text),
    })
}

/// All that can be read; of pictures and sound only that they are there.
fn texts(content: &[ContentBlock]) -> String {
    let text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[a picture, {}, left out]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[sound, {}, left out]", audio.mime_type),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            _ => "[a file, left out]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[a link to {}]", link.name),
        _ => "[something that cannot be read]".to_owned(),
    };
    content.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// Why a call came to nothing.
pub(super) fn error(error: &ServiceError) -> ToolError {
    match error {
        ServiceError::McpError(error) if error.code == ErrorCode::INVALID_PARAMS => {
            ToolError::Refused(format!("The tool does not take this: {}", cut(&error.message, MAX_REASON_CHARS)))
        }
        ServiceError::McpError(error) => {
            ToolError::Failed(format!("The tool failed: {}", cut(&error.message, MAX_REASON_CHARS)))
        }
        ServiceError::TransportSend(_) | ServiceError::TransportClosed | ServiceError::Timeout { .. } => {
            ToolError::Unavailable("The server of this tool cannot be reached.".to_owned())
        }
        _ => ToolError::Failed("The server of this tool answers strangely.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rmcp::model::{ErrorData, ToolAnnotations};

    use super::*;

    fn remote(name: &'static str) -> RemoteTool {
        RemoteTool::new(name, " Does it. ", Arc::new(serde_json::Map::new()))
    }

    #[test]
    fn a_remote_tool_gets_a_name_and_a_schema_that_models_take() {
        let spec = spec("time", &remote("get-current.time"));
        assert_eq!((spec.name.as_str(), spec.description.as_str()), ("time_get_current_time", "Does it."));
        assert_eq!(spec.parameters, json!({"type": "object"}));
        assert_eq!(super::spec(&"s".repeat(80), &remote("t")).name.len(), 64);
    }

    #[test]
    fn what_changes_something_is_listed_or_says_so_itself() {
        let config = |changing: &[&str]| config::McpServer {
            changing: changing.iter().map(|name| (*name).to_owned()).collect(),
            ..config::McpServer::default()
        };
        assert!(!is_changing(&config(&["other"]), &remote("write")));
        assert!(is_changing(&config(&["write"]), &remote("write")));
        assert!(is_changing(&config(&["*"]), &remote("write")));
        let destroys = remote("write").with_annotations(ToolAnnotations::new().destructive(true));
        assert!(is_changing(&config(&[]), &destroys));
        let reads = remote("read").with_annotations(ToolAnnotations::new().read_only(true));
        assert!(!is_changing(&config(&[]), &reads));
    }

    #[test]
    fn results_become_json_or_text_and_an_error_a_refusal() {
        let text = |text: &str| vec![ContentBlock::text(text)];
        assert_eq!(output(CallToolResult::success(text("{\"a\": 1}"))), Ok(json!({"a": 1})));
        assert_eq!(output(CallToolResult::success(text("sunny"))), Ok(json!("sunny")));
        assert_eq!(
            output(CallToolResult::success(text("12"))),
            Ok(json!("12")),
            "a bare number stays what was written"
        );
        assert_eq!(output(CallToolResult::structured(json!({"b": 2}))), Ok(json!({"b": 2})));
        let picture = vec![ContentBlock::text("see"), ContentBlock::image("AAAA", "image/png")];
        assert_eq!(output(CallToolResult::success(picture)), Ok(json!("see\n[a picture, image/png, left out]")));
        let refused = output(CallToolResult::error(text("no such zone")));
        assert_eq!(refused, Err(ToolError::Refused("The tool refused: no such zone".to_owned())));
    }

    #[test]
    fn only_a_lost_connection_is_worth_another_try() {
        assert!(matches!(error(&ServiceError::TransportClosed), ToolError::Unavailable(_)));
        let invalid = ServiceError::McpError(ErrorData::invalid_params("bad zone", None));
        assert!(matches!(error(&invalid), ToolError::Refused(told) if told.contains("bad zone")));
        let internal = ServiceError::McpError(ErrorData::internal_error("oops", None));
        assert!(matches!(error(&internal), ToolError::Failed(_)));
    }
}
