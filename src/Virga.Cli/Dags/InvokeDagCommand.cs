using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Functions;

namespace Virga.Cli.Dags;

/// <summary><c>virga dag invoke NAME</c>: runs a DAG and prints its output as it is.</summary>
internal static class InvokeDagCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The DAG");
        var data = new Option<string?>("--data", "-d") { Description = "The input: a text, @FILE, or - for standard input", HelpName = "TEXT|@FILE|-" };
        var contentType = new Option<string?>("--content-type") { Description = "What the input is [application/json]", HelpName = "TYPE" };
        var isAsync = new Option<bool>("--async") { Description = "Print the run's id as soon as the run is kept, and do not wait for its end" };
        return factory.Make("invoke", "Run a DAG and print its output", [name, data, contentType, isAsync], async scope =>
        {
            var body = await RequestBody.ReadAsync(scope, scope.Get(data)) ?? [];
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = RequestBody.ContentType(scope.Get(contentType) ?? "application/json");
            using var response = await scope.Client.InvokeDagAsync(scope.Get(name), scope.Get(isAsync), content, scope.Cancellation);
            var run = response.Headers.TryGetValues("Virga-Dag-Run", out var ids) ? ids.First() : null;
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
            {
                var text = await AnswerReader.ReadTextAsync(response, Answering.Node, scope.Cancellation);
                var problem = ProblemReader.Read(text, (int)response.StatusCode);
                throw problem is null ? new InvalidDataException(text) : new ControlException(run is null ? problem : problem with { Fix = $"{problem.Fix} Look at it with `virga dag runs {scope.Get(name)} --run {run}`.".TrimStart() });
            }

            if (scope.Get(isAsync))
            {
                var accepted = JsonNode.Parse(await AnswerReader.ReadTextAsync(response, Answering.Node, scope.Cancellation))!.AsObject();
                if (scope.Results.IsTable)
                {
                    await scope.Terminal.Out.WriteLineAsync(run);
                }
                else
                {
                    scope.Results.Document(accepted);
                }

                return ExitCode.Ok;
            }

            await using (var output = scope.Terminal.OpenOutput())
            {
                await AnswerReader.CopyAsync(response, output, Answering.Node, scope.Cancellation);
            }

            if (scope.Terminal.IsOutputInteractive)
            {
                await scope.Terminal.Out.WriteLineAsync();
            }

            return ExitCode.Ok;
        });
    }
}
