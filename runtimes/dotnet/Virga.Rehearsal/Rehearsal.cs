using Virga.Functions;

namespace Virga.Rehearsal;

/// <summary>The function with which a generic worker rehearses, so that the first real call finds everything warm.</summary>
public static class Rehearsal
{
    /// <summary>Takes what functions take and returns what functions return.</summary>
    public static object Handler(Event request, Context context) => new
    {
        message = $"Hello, {request.Query["name"] ?? "world"}!",
        request.Method,
        request.Path,
        type = request.Headers["content-type"],
        id = request.Params["id"],
        body = request.Body,
        version = context.Version,
        ok = true,
    };

    /// <summary>The same, asynchronously, with the body as a type.</summary>
    public static async Task<Greeting> HandleAsync(Greeting greeting)
    {
        await Task.Yield();
        return greeting with { Count = greeting.Count + 1 };
    }

    /// <summary>Uses shared state: adds, writes and reads.</summary>
    public static async Task<object> UseStateAsync(Context context)
    {
        long count = await context.State.Counter("hits").IncrementAsync();
        await context.State.PutAsync("greeting", new Greeting("world", 1));
        return new { count, read = await context.State.GetAsync<Dictionary<string, int>>("numbers"), context.Id };
    }

    /// <summary>A type to read from and write to JSON.</summary>
    public sealed record Greeting(string Name, int Count);
}
