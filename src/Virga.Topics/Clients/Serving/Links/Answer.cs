using Virga.Core.Problems;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>What a topic's owner has answered.</summary>
internal sealed class Answer
{
    private ReadOnlyMemory<byte> _rest;

    /// <exception cref="ProblemException">It has answered with a problem.</exception>
    public Answer(ReadOnlyMemory<byte> message)
    {
        var reader = new FrameReader(message);
        if (!reader.Flag())
        {
            throw new ProblemException(reader.Problem());
        }

        _rest = message[1..];
    }

    public string Text()
    {
        var reader = new FrameReader(_rest);
        var text = reader.Text();
        _rest = _rest[^reader.Left..];
        return text;
    }

    public long Number()
    {
        var reader = new FrameReader(_rest);
        var number = reader.Number();
        _rest = _rest[^reader.Left..];
        return number;
    }
}
