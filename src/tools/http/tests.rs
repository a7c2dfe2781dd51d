//! Against a real server on this machine.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::any,
};
use serde_json::json;

use super::*;
use crate::tools::testing::context;

/// What came in: method, path with query, authorisation, body.
type Seen = Arc<Mutex<Vec<(String, String, String, String)>>>;

#[derive(Clone)]
struct Service {
    seen: Seen,
    calls: Arc<AtomicU32>,
}

async fn answer(State(service): State<Service>, request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let authorisation =
        parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    service.seen.lock().unwrap().push((
        parts.method.to_string(),
        parts.uri.to_string(),
        authorisation,
        String::from_utf8(body.to_vec()).unwrap(),
    ));
    service.calls.fetch_add(1, Ordering::Relaxed);
    let path = parts.uri.path().to_owned();
    match path.as_str() {
        "/elsewhere" => Redirect::temporary("/cars/1").into_response(),
        "/missing" => (StatusCode::NOT_FOUND, "no such car").into_response(),
        "/closed" => StatusCode::UNAUTHORIZED.into_response(),
        "/ill" => (StatusCode::INTERNAL_SERVER_ERROR, "at line 12").into_response(),
        "/busy" => StatusCode::TOO_MANY_REQUESTS.into_response(),
        "/huge" => "x".repeat(MAX_ANSWER_BYTES + 1).into_response(),
        "/text" => "Sunny, 31 °C".into_response(),
        _ => Json(json!({"Results": [{"Make": "HONDA", "Model": "Accord"}]})).into_response(),
    }
}

async fn serve() -> (String, Service) {
    let service = Service { seen: Arc::default(), calls: Arc::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(answer)).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, service)
}

fn declared(url: String) -> config::HttpTool {
    config::HttpTool {
        name: "vehicle".to_owned(),
        description: "Looks up a vehicle.".to_owned(),
        url,
        schema:
            r#"{"type":"object","properties":{"vin":{"type":"string"},"lang":{"type":"string"}},"required":["vin"]}"#
                .to_owned(),
        ..config::HttpTool::default()
    }
}

fn build(config: &config::HttpTool) -> Result<HttpTool, ToolFault> {
    build_with(config, &Secrets::default())
}

fn build_with(config: &config::HttpTool, secrets: &Secrets) -> Result<HttpTool, ToolFault> {
    HttpTool::new(config, secrets, &Clients::new(&config::Cloud::default()).unwrap())
}

async fn call(tool: &HttpTool, arguments: Value) -> Result<Value, ToolError> {
    tool.call(arguments, &context()).await.map(|output| output.content)
}

#[tokio::test]
async fn a_vehicle_is_looked_up_by_its_number_and_a_wrong_number_never_leaves_the_kiosk() {
    let (base, service) = serve().await;
    let mut config = declared(format!("{base}/cars/{{vin}}?format=json&lang={{lang}}"));
    config.vin_arguments = vec!["vin".to_owned()];
    config.response_path = "/Results/0".to_owned();
    let tool = build(&config).unwrap();
    let found = call(&tool, json!({"vin": "1hgcm8 2633 a004352"})).await.unwrap();
    assert_eq!(found, json!({"Make": "HONDA", "Model": "Accord"}));
    assert_eq!(service.seen.lock().unwrap()[0].1, "/cars/1HGCM82633A004352?format=json");

    let error = call(&tool, json!({"vin": "1HGCM82643A004352"})).await.unwrap_err();
    assert!(
        matches!(&error, ToolError::Invalid(told) if told.contains("vin: ") && told.contains("place 9")),
        "{error}"
    );
    assert_eq!(service.calls.load(Ordering::Relaxed), 1, "only the right one was sent");
}

#[tokio::test]
async fn a_secret_goes_into_its_header_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("CRM_KEY"), "sesame\n").unwrap();
    let secrets = Secrets::with_credentials(folder.path());
    let (base, service) = serve().await;
    let mut config = declared(format!("{base}/cars/{{vin}}"));
    config.headers = vec!["Authorization: Bearer {secret:CRM_KEY}".to_owned(), "X-Stand: noor".to_owned()];
    let tool = build_with(&config, &secrets).unwrap();
    call(&tool, json!({"vin": "1"})).await.unwrap();
    assert_eq!(service.seen.lock().unwrap()[0].2, "Bearer sesame");
    assert!(!format!("{:?}", tool.headers).contains("sesame"), "{:?}", tool.headers);

    config.headers = vec!["Authorization: Bearer {secret:NO_SUCH_KEY}".to_owned()];
    let fault = build_with(&config, &secrets).err().unwrap().to_string();
    assert!(fault.contains("tools.http") && fault.contains("NO_SUCH_KEY"), "{fault}");
}

#[tokio::test]
async fn what_a_service_says_becomes_a_kind_of_failure() {
    let (base, service) = serve().await;
    for (path, wanted) in [
        ("missing", ToolError::Refused("The service refused (404 Not Found). It says: no such car".to_owned())),
        ("ill", ToolError::Unavailable("The service has trouble (500 Internal Server Error).".to_owned())),
        ("busy", ToolError::Unavailable("The service is busy (429 Too Many Requests).".to_owned())),
    ] {
        let tool = build(&declared(format!("{base}/{path}?v={{vin}}"))).unwrap();
        assert_eq!(call(&tool, json!({"vin": "1"})).await, Err(wanted));
    }
    for path in ["closed", "huge", "elsewhere"] {
        let tool = build(&declared(format!("{base}/{path}"))).unwrap();
        let error = call(&tool, json!({"vin": "1"})).await.unwrap_err();
        assert!(matches!(error, ToolError::Failed(_)), "{path}: {error}");
    }
    let seen = service.seen.lock().unwrap();
    assert!(seen.iter().all(|(_, path, ..)| path != "/cars/1"), "a redirect is not followed");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable_and_its_address_is_not_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let tool = build(&declared(format!("{base}/cars/{{vin}}"))).unwrap();
    let error = call(&tool, json!({"vin": "SECRET1"})).await.unwrap_err();
    assert_eq!(error, ToolError::Unavailable("The service cannot be reached.".to_owned()));
}

#[tokio::test]
async fn a_body_is_filled_in_or_is_the_arguments_themselves() {
    let (base, service) = serve().await;
    let mut config = declared(format!("{base}/cars"));
    config.method = HttpMethod::Post;
    call(&build(&config).unwrap(), json!({"vin": "1"})).await.unwrap();
    config.body = r#"{"car": {"id": "{vin}"}, "note": "in {lang}"}"#.to_owned();
    call(&build(&config).unwrap(), json!({"vin": "1\"", "lang": "ar"})).await.unwrap();
    let seen = service.seen.lock().unwrap();
    assert_eq!((seen[0].0.as_str(), seen[0].3.as_str()), ("POST", r#"{"vin":"1"}"#));
    let body: Value = serde_json::from_str(&seen[1].3).unwrap();
    assert_eq!(body, json!({"car": {"id": "1\""}, "note": "in ar"}));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_given_as_text_and_a_missing_part_is_not_found() {
    let (base, _service) = serve().await;
    let mut config = declared(format!("{base}/text"));
    assert_eq!(call(&build(&config).unwrap(), json!({"vin": "1"})).await, Ok(json!("Sunny, 31 °C")));
    config.url = format!("{base}/cars");
    config.response_path = "/Results/7".to_owned();
    let error = call(&build(&config).unwrap(), json!({"vin": "1"})).await.unwrap_err();
    assert!(matches!(error, ToolError::Refused(_)), "{error}");
}

#[test]
fn what_cannot_work_is_named_at_the_start() {
    let url = || "https://api.example/{vin}".to_owned();
    let faulty = |change: &dyn Fn(&mut config::HttpTool)| {
        let mut config = declared(url());
        change(&mut config);
        build(&config).err().map(|fault| fault.to_string()).unwrap_or_default()
    };
    for (told, wanted) in [
        (faulty(&|config| config.schema = "{".to_owned()), "schema is no JSON"),
        (faulty(&|config| config.url = "http://api.example/{vin}".to_owned()), "https://"),
        (faulty(&|config| config.url = "https://api.example/{vim}".to_owned()), "\"vim\" is used"),
        (faulty(&|config| config.url = "https://api.example/{lang}".to_owned()), "does not require it"),
        (faulty(&|config| config.body = "{}".to_owned()), "GET sends none"),
        (faulty(&|config| config.response_path = "Results".to_owned()), "JSON pointer"),
        (faulty(&|config| config.vin_arguments = vec!["number".to_owned()]), "\"number\" is used"),
        (faulty(&|config| config.headers = vec!["nonsense".to_owned()]), "no colon"),
        (faulty(&|config| config.headers = vec!["A: {secret:sk-sesame}".to_owned()]), "name of a secret"),
    ] {
        assert!(told.contains(wanted) && told.contains("vehicle") && !told.contains("sesame"), "{wanted}: {told}");
    }
}

#[test]
fn what_changes_something_is_tried_once_unless_the_method_may_be_repeated() {
    let retries = |method: HttpMethod, changes_something: bool| {
        let config =
            config::HttpTool { method, changes_something, retries: 2, ..declared("https://api.example/".to_owned()) };
        build(&config).unwrap().policy().retries
    };
    assert_eq!([retries(HttpMethod::Get, false), retries(HttpMethod::Put, true)], [2, 2]);
    assert_eq!([retries(HttpMethod::Post, true), retries(HttpMethod::Patch, true)], [0, 0]);
}

#[test]
fn the_example_of_the_documentation_works() {
    let text = std::fs::read_to_string("docs/tools.md").unwrap();
    let examples: String =
        text.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0.to_owned() + "\n").collect();
    let config = config::Config::parse(&examples, std::path::Path::new("docs/tools.md"), &[]).unwrap();
    let tool = build(config.tools.http.first().unwrap()).unwrap();
    assert_eq!(
        (tool.spec().name.as_str(), tool.vin_arguments.as_slice()),
        ("look_up_vehicle", &["vin".to_owned()][..])
    );
    assert_eq!(config.tools.mcp.len(), 2);
}
