using System.CommandLine;
using System.Text;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Core.Names;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn invoke NAME</c>: calls a function and prints its answer's body as it is.</summary>
internal static class InvokeCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = new Argument<string>("NAME") { Description = "The function: name, name:alias or name:version" };
        var data = new Option<string?>("--data", "-d") { Description = "The request body: a text, @FILE, or - for standard input", HelpName = "TEXT|@FILE|-" };
        var method = new Option<string?>("--method", "-X") { Description = "The request's method [POST with --data, else GET]", HelpName = "METHOD" };
        var path = new Option<string?>("--path") { Description = "The request's path [/]", HelpName = "/PATH" };
        var query = new Option<string?>("--query") { Description = "The request's query string", HelpName = "a=1&b=2" };
        var headers = new Option<string[]>("--header", "-H") { Description = "A request header; may be given again", HelpName = "\"Name: value\"", Arity = ArgumentArity.ZeroOrMore };
        headers.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.IndexOf(':', StringComparison.Ordinal) <= 0))
            {
                result.AddError($"'{token.Value}' in --header is no header; write it as \"Name: value\".");
            }
        });
        var contentType = new Option<string?>("--content-type") { Description = "What the body is [application/json if it is JSON, else text/plain]", HelpName = "TYPE" };
        var showHeaders = new Option<bool>("--show-headers", "-i") { Description = "Print the answer's status and headers on standard error" };
        return factory.Make("invoke", "Call a function and print its answer", [name, data, method, path, query, headers, contentType, showHeaders], async scope =>
        {
            var (function, qualifier) = Split(scope.Get(name));
            var body = await RequestBody.ReadAsync(scope, scope.Get(data));
            using var content = body is null ? null : new ByteArrayContent(body);
            if (content is not null && body is not null)
            {
                content.Headers.ContentType = RequestBody.ContentType(scope.Get(contentType) ?? Guess(body));
            }

            var parameters = new List<string> { "method=" + Uri.EscapeDataString(scope.Get(method)?.ToUpperInvariant() ?? (body is null ? "GET" : "POST")) };
            AddParameter(parameters, "qualifier", qualifier);
            AddParameter(parameters, "path", scope.Get(path));
            AddParameter(parameters, "query", scope.Get(query)?.TrimStart('?'));
            using var response = await scope.Client.InvokeAsync(function, "?" + string.Join('&', parameters), content, Headers(scope.Get(headers)), scope.Cancellation);
            if (scope.Get(showHeaders))
            {
                PrintHead(scope, response);
            }

            return await PrintAsync(scope, response);
        });
    }

    private static (ResourceName Function, string? Qualifier) Split(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        return ResourceName.TryParse(name, out var function)
            ? (function, colon < 0 ? null : text[(colon + 1)..])
            : throw new UsageException($"'{ResourceName.Shorten(text)}' is no function's name.", $"Use {ResourceName.Rule}, and :alias or :version after it.");
    }

    private static string Guess(byte[] body)
    {
        var first = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 64))).TrimStart();
        return first is ['{' or '[', ..] ? "application/json" : "text/plain; charset=utf-8";
    }

    private static void AddParameter(List<string> parameters, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            parameters.Add($"{name}={Uri.EscapeDataString(value)}");
        }
    }

    private static IEnumerable<(string, string)> Headers(string[]? headers) =>
        (headers ?? []).Select(header =>
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            return (header[..colon].Trim(), header[(colon + 1)..].Trim());
        });

    private static void PrintHead(CommandScope scope, HttpResponseMessage response)
    {
        scope.Terminal.Error.WriteLine($"{(int)response.StatusCode} {response.ReasonPhrase}");
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            foreach (var value in values)
            {
                scope.Terminal.Error.WriteLine($"{name}: {value}");
            }
        }

        scope.Terminal.Error.WriteLine();
    }

    private static async Task<int> PrintAsync(CommandScope scope, HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var invocation = response.Headers.TryGetValues("Virga-Invocation-Id", out var ids) ? ids.First() : null;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            var text = await AnswerReader.ReadTextAsync(response, Answering.Function, scope.Cancellation);
            if (ProblemReader.Read(text, status) is { } problem)
            {
                var seen = invocation is null ? problem : problem with { Fix = $"{problem.Fix} Look at it with `virga invocation get {invocation}`.".TrimStart() };
                throw new ControlException(seen);
            }

            await scope.Terminal.Out.WriteAsync(text);
            return ExitCode.FunctionFailed;
        }

        await using (var output = scope.Terminal.OpenOutput())
        {
            await AnswerReader.CopyAsync(response, output, Answering.Function, scope.Cancellation);
        }

        if (scope.Terminal.IsOutputInteractive)
        {
            await scope.Terminal.Out.WriteLineAsync();
        }

        if (status < 400)
        {
            return ExitCode.Ok;
        }

        await scope.Terminal.Error.WriteLineAsync($"error: The function answered with status {status}. (status-{status})");
        return ExitCode.FunctionFailed;
    }
}
