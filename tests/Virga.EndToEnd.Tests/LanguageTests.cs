using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>A function in each language, deployed by command and called over HTTP.</summary>
public sealed class LanguageTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public Task A_JavaScript_module_answers() =>
        AnswersHello("hello-esm", Source.JavaScript("export default (event) => ({ hello: event.query.name });"));

    [Fact]
    public Task A_CommonJS_module_answers() =>
        AnswersHello("hello-cjs", Source.CommonJs("module.exports = (event) => ({ hello: event.query.name });"));

    [Fact]
    public Task A_TypeScript_module_answers() =>
        AnswersHello("hello-ts", Source.TypeScript("interface Greeting { hello: string }\nexport default (event: any): Greeting => ({ hello: event.query.name });"));

    [Fact]
    public Task A_Python_module_answers() =>
        AnswersHello("hello-python", Source.Python("async def handler(event, ctx):\n    return {'hello': event.query['name']}\n"));

    [Fact]
    public Task A_C_sharp_source_answers() =>
        AnswersHello("hello-csharp", Source.CSharp("public static class Hello { public static object Handler(Event request) => new { hello = request.Query[\"name\"] }; }"));

    [Fact]
    public Task An_executable_answers() =>
        AnswersHello("hello-exec", Source.Shell("printf '{\"hello\":\"%s\"}' \"${VIRGA_QUERY#name=}\""), "--env", "exec");

    [Fact]
    public async Task A_named_handler_runs_with_the_variables_that_it_was_deployed_with()
    {
        var source = Source.Python("import os\ndef greet(event, ctx):\n    return os.environ['GREETING'] + ' by ' + ctx.function\n");

        (await node.DeployByCommandAsync("named", source, "--handler", "main:greet", "--env-var", "GREETING=ahoy")).ShouldSucceed();

        (await node.GetAsync("/f/named")).Body.ShouldBe("\"ahoy by named\"");
    }

    [Fact]
    public async Task A_folder_is_deployed_with_all_its_modules()
    {
        node.Folder.Write("parts/lib/words.mjs", "export const word = 'from a module beside';");
        node.Folder.Write("parts/index.mjs", "import { word } from './lib/words.mjs';\nexport default () => word;");

        (await node.RunAsync("fn", "deploy", "parts", "--name", "parts")).ShouldSucceed();

        (await node.GetAsync("/f/parts")).Body.ShouldBe("\"from a module beside\"");
    }

    [Fact]
    public async Task A_C_sharp_error_is_reported_with_file_and_line_and_deploys_nothing()
    {
        var source = Source.CSharp("public static class Broken\n{\n    public static object Handler() => 1 +;\n}\n");

        var result = await node.DeployByCommandAsync("broken-csharp", source);

        result.ShouldFail(1, "build-failed");
        result.Error.ShouldContain("Function.cs:3:");
        (await node.ControlAsync("functions/broken-csharp")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task A_TypeScript_error_is_reported_with_file_and_line()
    {
        var result = await node.DeployByCommandAsync("broken-ts", Source.TypeScript("const one = 1;\nexport default () => { return one +; };\n"));

        result.ShouldFail(1, "build-failed");
        result.Error.ShouldContain("index.ts:2:");
    }

    private async Task AnswersHello(string name, Source source, params string[] options)
    {
        var deployed = (await node.DeployByCommandAsync(name, source, [.. options, "--route", $"GET /{name}"])).ShouldSucceed();
        deployed.Output.ShouldContain($"/f/{name}");

        var answer = await node.GetAsync($"/{name}?name=world");

        answer.Status.ShouldBe(200, answer.Body);
        answer.Json["hello"]!.ToString().ShouldBe("world");
        answer.Header("Content-Type")!.ShouldStartWith("application/json");
        (await node.RunAsync("fn", "invoke", name, "--query", "name=command")).ShouldSucceed().Output.ShouldContain("command");
    }
}
