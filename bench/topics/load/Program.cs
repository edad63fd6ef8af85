using System.Text.Json;
using Virga.Bench.Topics.Load;
using Virga.Bench.Topics.Load.Runs;

if (args.Length == 0)
{
    Console.Error.WriteLine("usage: virga-bench-topics-load publish|latency|catchup|answer|pipe|timeline|topics|disk --option value ...");
    return 2;
}

var options = new LoadOptions(args.AsSpan(1));
object figures = args[0] switch
{
    "publish" => await PublishRun.RunAsync(options),
    "latency" => await LatencyRun.RunAsync(options),
    "catchup" => await CatchUpRun.RunAsync(options),
    "answer" => await AnswerRun.RunAsync(options),
    "pipe" => await PipeRun.RunAsync(options),
    "timeline" => await TimelineRun.RunAsync(options),
    "topics" => await TopicsRun.RunAsync(options),
    "disk" => DiskRun.Run(options),
    _ => throw new ArgumentException($"There is no run '{args[0]}'."),
};
Console.WriteLine(JsonSerializer.Serialize(figures, JsonSerializerOptions.Web));
return 0;
