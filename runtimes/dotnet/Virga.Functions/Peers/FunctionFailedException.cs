using System.Text.Json;

namespace Virga.Functions;

/// <summary>A function that was called has answered with a status of 400 or more.</summary>
public sealed class FunctionFailedException : PlatformException
{
    private const int LongestQuote = 200;

    /// <summary>A function that has failed.</summary>
    public FunctionFailedException()
    {
    }

    /// <summary>A function that has failed.</summary>
    /// <param name="message">Which, and how.</param>
    public FunctionFailedException(string message)
        : base(message)
    {
    }

    /// <summary>A function that has failed.</summary>
    /// <param name="message">Which, and how.</param>
    /// <param name="innerException">What found it out.</param>
    public FunctionFailedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal FunctionFailedException(string function, FunctionAnswer answer)
        : base("call-failed", answer.Status, "The called function has failed", Describe(function, answer), string.Empty)
    {
        Function = function;
        Answer = answer;
    }

    /// <summary>The function that was called.</summary>
    public string Function { get; } = string.Empty;

    /// <summary>What it answered.</summary>
    public FunctionAnswer? Answer { get; }

    private static string Describe(string function, FunctionAnswer answer)
    {
        JsonElement problem = answer.Problem();
        string said = TextOf(problem, "detail");
        if (said.Length == 0)
        {
            said = problem.ValueKind == JsonValueKind.Undefined ? answer.Text : TextOf(problem, "title");
        }

        return said.Length == 0
            ? $"'{function}' answered {answer.Status}."
            : $"'{function}' answered {answer.Status}: {said[..Math.Min(said.Length, LongestQuote)]}";
    }
}
