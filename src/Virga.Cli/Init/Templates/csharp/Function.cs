using System;
using Virga.Functions;

public static class Function
{
    public static Greeting Handler(Event @event, Context context)
    {
        var name = @event.Query["name"] ?? "world";
        Console.WriteLine($"greeting {name}");
        return new Greeting($"Hello, {name}!", context.InvocationId);
    }
}

public sealed record Greeting(string Message, string Invocation);
