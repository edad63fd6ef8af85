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

    /// <summary>The same, asynchronously, with the body as a type, and with state of no type of its own: each would make every start some milliseconds longer.</summary>
    public static async Task<Greeting> HandleAsync(Greeting greeting, Context context)
    {
        await context.State.Counter("hits").IncrementAsync();
        await context.State.GetAsync<string>("greeting");
        await Task.Yield();
        return greeting with { Count = greeting.Count + 1 };
    }

    /// <summary>A type to read from and write to JSON.</summary>
    public sealed record Greeting(string Name, int Count);
}
