using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Virga.Functions;

namespace Virga.Worker.Calls;

/// <summary>A failure in the protocol's words.</summary>
internal sealed record CallError(string Type, string Message, string? Stack = null, string? Location = null)
{
    /// <summary>What an exception of user code says: its full name, its message, and the frames that are the user's.</summary>
    public static CallError From(Exception exception)
    {
        exception = Unwrap(exception);
        string type = exception switch
        {
            InvalidBodyException => "invalid-body",
            InvalidResponseException => "invalid-response",
            UnserialisableException => "unserialisable",
            _ => exception.GetType().FullName ?? exception.GetType().Name,
        };
        var stack = new StringBuilder();
        string? location = null;
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (!ReferenceEquals(cause, exception))
            {
                stack.Append("caused by ").Append(cause.GetType().FullName).Append(": ").Append(cause.Message).Append('\n');
            }

            AppendFrames(stack, cause, ref location);
        }

        return new CallError(type, exception.Message, stack.ToString().TrimEnd(), location);
    }

    /// <summary>The error that the user wrote, without what reflection put around it.</summary>
    public static Exception Unwrap(Exception exception)
    {
        while (exception is TargetInvocationException or TypeInitializationException && exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, Type);
        json.WriteString("message"u8, Message);
        if (Stack is { Length: > 0 })
        {
            json.WriteString("stack"u8, Stack);
        }

        if (Location is not null)
        {
            json.WriteString("location"u8, Location);
        }

        json.WriteEndObject();
    }

    private static void AppendFrames(StringBuilder stack, Exception exception, ref string? location)
    {
        foreach (StackFrame frame in new StackTrace(exception, fNeedFileInfo: true).GetFrames())
        {
            MethodBase? method = frame.GetMethod();
            if (method is null || method.Module.Assembly == typeof(CallError).Assembly || method.Module.Assembly == typeof(Event).Assembly)
            {
                continue;
            }

            string? file = frame.GetFileName();
            if (file is null && IsPlumbing(method))
            {
                continue;
            }

            stack.Append("at ").Append(NameOf(method));
            if (file is not null)
            {
                stack.Append(" (").Append(file).Append(':').Append(frame.GetFileLineNumber()).Append(')');
                location ??= $"{file}:{frame.GetFileLineNumber()}:{frame.GetFileColumnNumber()}";
            }

            stack.Append('\n');
        }
    }

    private static bool IsPlumbing(MethodBase method) => method.DeclaringType?.Namespace is { } space
        && (space.StartsWith("System.Runtime", StringComparison.Ordinal)
            || space.StartsWith("System.Threading", StringComparison.Ordinal)
            || space.StartsWith("System.Reflection", StringComparison.Ordinal)
            || string.Equals(space, "System", StringComparison.Ordinal));

    /// <summary>An async method runs as the <c>MoveNext</c> of a type <c>&lt;Handler&gt;d__0</c>: the user knows it as Handler.</summary>
    private static string NameOf(MethodBase method)
    {
        Type? type = method.DeclaringType;
        string name = method.Name;
        if (type is { DeclaringType: { } outer } && type.Name.StartsWith('<'))
        {
            int close = type.Name.IndexOf('>', StringComparison.Ordinal);
            if (close > 1)
            {
                name = type.Name[1..close];
            }

            type = outer;
        }

        return type is null ? name : $"{type.FullName?.Replace('+', '.')}.{name}";
    }
}
