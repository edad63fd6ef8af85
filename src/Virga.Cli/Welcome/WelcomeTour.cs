using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Virga.Cli.Client;
using Virga.Cli.Functions;
using Virga.Cli.Packaging;
using Virga.Cli.Routes;
using Virga.Core.Problems;

namespace Virga.Cli.Welcome;

/// <summary>What a new user sees first: samples deployed and called, or, on a node that serves something already, what it serves.</summary>
public static class WelcomeTour
{
    /// <summary>Runs the tour against a node that is ready.</summary>
    /// <param name="client">The node's control API.</param>
    /// <param name="gateway">Where it serves functions.</param>
    /// <param name="samples">The folder of the samples.</param>
    /// <param name="console">Where the tour is printed.</param>
    /// <param name="time">Measures latencies.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">A sample did not answer as it should.</exception>
    /// <exception cref="ControlException">A sample could not be deployed.</exception>
    public static async Task RunAsync(ControlClient client, Uri gateway, string samples, IAnsiConsole console, TimeProvider time, CancellationToken cancellation)
    {
        var served = await client.ListAsync(ResourceKind.Function, cancellation);
        if (served.Count > 0)
        {
            ListServed(client, gateway, served, console);
        }
        else
        {
            await DeploySamplesAsync(client, gateway, samples, console, time, cancellation);
        }

        ShowNext(console);
    }

    private static async Task DeploySamplesAsync(ControlClient client, Uri gateway, string samples, IAnsiConsole console, TimeProvider time, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var table = new Table().NoBorder();
        foreach (var title in (string[])["SAMPLE", "DEPLOYED IN", "FIRST CALL", "SECOND CALL", "ANSWER", "URL"])
        {
            table.AddColumn(new TableColumn(new Text(title, new Style(Color.Grey))).PadLeft(0).PadRight(2));
        }

        console.MarkupLine("Nothing is deployed yet: deploying a sample in each language and one that shares state, and calling each twice.");
        foreach (var sample in WelcomeSample.All)
        {
            var url = new Uri(gateway, "/" + sample.Folder);
            var started = time.GetTimestamp();
            await DeployAsync(client, sample, Path.Combine(samples, sample.Folder), cancellation);
            var deployed = time.GetElapsedTime(started);
            var first = await CallAsync(http, sample, url, time, cancellation);
            var second = await CallAsync(http, sample, url, time, cancellation);
            var deployTime = string.Create(CultureInfo.InvariantCulture, $"{deployed.TotalMilliseconds:0} ms");
            table.AddRow(new Text(sample.Language), new Text(deployTime), new Text(first.ToString()), new Text(second.ToString()), new Text(second.Answer), new Text(url.AbsoluteUri));
        }

        console.WriteLine();
        console.Write(table);
    }

    private static async Task DeployAsync(ControlClient client, WelcomeSample sample, string folder, CancellationToken cancellation)
    {
        var deployment = new Deployment(client, sample.Name);
        await deployment.RunAsync(PackageArchive.Pack(folder), EnvironmentGuess.Of(folder), new FunctionSettings(), cancellation);
        await deployment.RouteAsync([new RouteText([sample.Method], "/" + sample.Folder)], cancellation);
    }

    private static async Task<SampleCall> CallAsync(HttpClient http, WelcomeSample sample, Uri url, TimeProvider time, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        using var request = new HttpRequestMessage(new HttpMethod(sample.Method), url);
        using var response = await http.SendAsync(request, cancellation);
        var answer = await response.Content.ReadAsStringAsync(cancellation);
        var latency = time.GetElapsedTime(started);
        if (!response.IsSuccessStatusCode)
        {
            throw new ProblemException(ProblemReader.Read(answer, (int)response.StatusCode)
                ?? KnownProblems.Internal($"The sample {sample.Folder} answered {url} with status {(int)response.StatusCode}: {answer}"));
        }

        var start = response.Headers.TryGetValues("Virga-Start", out var values) ? values.First() : "unknown";
        return new SampleCall(answer.Trim(), start, latency);
    }

    private static void ListServed(ControlClient client, Uri gateway, JsonArray served, IAnsiConsole console)
    {
        console.WriteLine($"Serving {served.Count} {(served.Count == 1 ? "function" : "functions")}:");
        const int Shown = 20;
        foreach (var function in served.Take(Shown))
        {
            console.WriteLine($"  {DeployCommand.FunctionUrl(gateway, client, function!["name"]!.ToString())}");
        }

        if (served.Count > Shown)
        {
            console.WriteLine($"  and {served.Count - Shown} more: virga fn list");
        }
    }

    private static void ShowNext(IAnsiConsole console)
    {
        console.WriteLine();
        console.WriteLine("Deploy your own:");
        console.WriteLine("  virga init --lang js my-function && virga dev my-function");
        console.WriteLine("  virga fn deploy PATH --name NAME --route \"GET /path/{id}\"");
        console.WriteLine("Ctrl-C stops the node.");
    }
}
