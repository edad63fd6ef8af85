using System.Text.Json;
using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Calls;

/// <summary>
/// Reads the answer to a call with several messages: <c>{"failed":[…],"answers":[…]}</c>, where <c>failed</c> has indexes or ids of messages and <c>answers</c> one element for each message; an array
/// alone is the answers; anything else says that all went well.
/// </summary>
internal static class BatchAnswer
{
    /// <summary>What the answer says.</summary>
    /// <param name="messages">The messages of the call.</param>
    /// <param name="answer">What the function has answered.</param>
    /// <param name="hasOutput">Whether answers are published.</param>
    public static CallOutcome Read(List<HeldMessage> messages, CallAnswer answer, bool hasOutput)
    {
        if (answer.Body.IsEmpty || !MessageContent.IsJsonType(answer.ContentType))
        {
            return new CallOutcome.Answered(null, null);
        }

        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            var root = document.RootElement;
            bool[]? failed = null;
            JsonElement answers = root;
            if (root.ValueKind == JsonValueKind.Object)
            {
                failed = root.TryGetProperty("failed", out var list) ? Failed(messages, list) : null;
                root.TryGetProperty("answers", out answers);
            }

            return new CallOutcome.Answered(failed, hasOutput && answers.ValueKind == JsonValueKind.Array ? Answers(messages, answers) : null);
        }
        catch (JsonException e)
        {
            return Invalid($"The answer is no JSON: {e.Message}");
        }
        catch (ProblemException e)
        {
            return new CallOutcome.Failed(e.Problem);
        }
    }

    private static bool[]? Failed(List<HeldMessage> messages, JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw Refuse("'failed' is no list.");
        }

        if (list.GetArrayLength() == 0)
        {
            return null;
        }

        var failed = new bool[messages.Count];
        foreach (var element in list.EnumerateArray())
        {
            failed[PlaceOf(messages, element)] = true;
        }

        return failed;
    }

    private static int PlaceOf(List<HeldMessage> messages, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var index) && index >= 0 && index < messages.Count)
        {
            return index;
        }

        // The same id may come of several topics: then all of them are meant, and the first that is found stands for them only if it is the only one.
        if (element.ValueKind == JsonValueKind.String && element.GetString() is { } id)
        {
            for (var i = 0; i < messages.Count; i++)
            {
                if (messages[i].Message.Id.ToString() == id)
                {
                    return i;
                }
            }
        }

        throw Refuse($"'failed' has {Shown(element)}, which is neither the index nor the id of a message of the call.");
    }

    private static OutputMessage?[] Answers(List<HeldMessage> messages, JsonElement answers)
    {
        if (answers.GetArrayLength() != messages.Count)
        {
            throw Refuse($"The function has given {answers.GetArrayLength()} answers to {messages.Count} messages.");
        }

        var output = new OutputMessage?[messages.Count];
        var place = 0;
        foreach (var answer in answers.EnumerateArray())
        {
            if (answer.ValueKind != JsonValueKind.Null)
            {
                output[place] = new OutputMessage(JsonSerializer.SerializeToUtf8Bytes(answer), MessageContent.Json, messages[place].Message.Key);
            }

            place++;
        }

        return output;
    }

    private static string Shown(JsonElement element)
    {
        var text = element.GetRawText();
        return text.Length <= 60 ? text : text[..60] + "…";
    }

    private static ProblemException Refuse(string detail) => new(KnownProblems.InvalidAnswer("batch", detail));

    private static CallOutcome.Failed Invalid(string detail) => new(KnownProblems.InvalidAnswer("batch", detail));
}
