// A program on the TypeScript Agent SDK; argv: the SDK's module, and what is handed to it, as JSON.
const [, , sdk, options] = process.argv;
const { query } = await import(sdk);
for await (const message of query({ prompt: "hi", options: JSON.parse(options || "{}") })) {
  if (message.type === "result") console.log("answered:", message.result);
}
