namespace Virga.Worker.Tests;

/// <summary>Functions that publish.</summary>
public sealed class PublishingFunctions() : CompiledFunctions(Source)
{
    private const string Source =
        """
        public static class Publishing
        {
            public static async Task<object> One(Context context) => await context.PublishAsync("orders", new { n = 1 }, new PublishOptions
            {
                Key = "ann",
                Properties = [KeyValuePair.Create("Source", "web"), KeyValuePair.Create("n", "2")],
                EventTime = DateTimeOffset.FromUnixTimeMilliseconds(1763712000123),
                DeliverAfter = TimeSpan.FromSeconds(5),
                SequenceId = 42,
                Producer = "import",
            });

            public static async Task<object> Many(Context context) =>
                await context.PublishManyAsync<object>("t", [new("a"), new(new byte[] { 7 }, new PublishOptions { Key = "k" })]);

            public static async Task<object> Lots(Context context) =>
                (await context.PublishManyAsync("t", Enumerable.Range(0, 1500).Select(i => new Publication<int>(i)))).Count;

            public static async Task<object> Refused(Context context)
            {
                try
                {
                    return await context.PublishManyAsync<int>("t", [new(1), new(2)]);
                }
                catch (PlatformException refused)
                {
                    return new { refused.Type, refused.Status };
                }
            }

            public static async Task<object> Negative(Context context) => await context.PublishAsync("t", 1, new PublishOptions { DeliverAfter = TimeSpan.FromSeconds(-1) });
        }
        """;
}
