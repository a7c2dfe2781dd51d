//! `[tools]`: what the model may call.

use super::*;

section! {
    /// What the model may call beside the built-in tools.
    Tools {
        /// Whether the model may call anything at all.
        enabled: bool = true, Limit::Any;
        /// Steps of calls in one turn; then the model has to answer.
        max_steps: u32 = 8, Limit::Int(1..=32);
        /// The visitor is told that it takes a moment after this long, ms.
        announce_after_ms: u64 = 800, Limit::Int(100..=10_000);
        /// Failures in a row after which a tool is left alone.
        breaker_failures: u32 = 5, Limit::Int(1..=100);
        /// How long it is left alone, s.
        breaker_open_s: u64 = 30, Limit::Int(1..=3_600);
    } lists {
        /// A tool that asks an HTTP service.
        http: HttpTool;
        /// A server of the Model Context Protocol whose tools may be called.
        mcp: McpServer;
    }
}

section! {
    /// A tool that asks an HTTP service.
    HttpTool {
        /// Its name for the model: letters, digits, _.
        name: String = String::new(), Limit::NotEmpty;
        /// What it does and when to call it, for the model.
        description: String = String::new(), Limit::NotEmpty;
        /// The method.
        method: HttpMethod = HttpMethod::Get, Limit::Any;
        /// The address; `{argument}` is replaced by the argument, percent-encoded. https, or http on this machine.
        url: String = String::new(), Limit::NotEmpty;
        /// Headers, "Name: value"; `{secret:NAME}` is replaced by the secret NAME.
        headers: Vec<String> = Vec::new(), Limit::Any;
        /// The JSON schema of the arguments, as text.
        schema: String = "{\"type\":\"object\"}".into(), Limit::NotEmpty;
        /// For POST and PUT: the body, JSON with `{argument}`s as text; empty: the arguments as they are.
        body: String = String::new(), Limit::Any;
        /// The part of the answer that the model is given, a JSON pointer such as `/Results/0`; empty: all of it.
        response_path: String = String::new(), Limit::Any;
        /// Arguments that are vehicle identification numbers: their check digit is verified before any call.
        vin_arguments: Vec<String> = Vec::new(), Limit::Any;
        /// Whether it changes something: then the visitor has to say yes first.
        changes_something: bool = false, Limit::Any;
        /// Whether it may run beside other calls.
        parallel: bool = true, Limit::Any;
        /// Time for one try, ms.
        timeout_ms: u64 = 5_000, Limit::Int(10..=120_000);
        /// Further tries after a failure of the connection or the server.
        retries: u32 = 1, Limit::Int(0..=5);
        /// Tools that must have succeeded in the visit before.
        after: Vec<String> = Vec::new(), Limit::Any;
    }
}

section! {
    /// A server of the Model Context Protocol.
    McpServer {
        /// Its name; its tools are called `name_tool`.
        name: String = String::new(), Limit::NotEmpty;
        /// The program and its arguments (standard input and output); empty: `url` is used.
        command: Vec<String> = Vec::new(), Limit::Any;
        /// Its address (streamable HTTP); empty: `command` is used.
        url: String = String::new(), Limit::BaseUrl;
        /// The name of a secret: sent to `url` as bearer token, or set in the program's environment by this name; empty: none.
        token: String = String::new(), Limit::SecretName;
        /// The tools that may be called; empty: all.
        tools: Vec<String> = Vec::new(), Limit::Any;
        /// The tools among them that change something: the visitor has to say yes first. "*": all.
        changing: Vec<String> = Vec::new(), Limit::Any;
        /// Time for one call, ms.
        timeout_ms: u64 = 10_000, Limit::Int(10..=120_000);
    }
}
