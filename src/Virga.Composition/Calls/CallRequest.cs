using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.Composition.Calls;

/// <summary>One function's wish to call another.</summary>
/// <param name="Function"><c>NAME</c> or <c>NAME:QUALIFIER</c>.</param>
/// <param name="Detached">Whether the call goes on when the caller has ended.</param>
/// <param name="Argument">The argument; null for none. Its own memory.</param>
/// <param name="References">The keys that the argument refers to.</param>
internal sealed record CallRequest(string Function, bool Detached, Payload? Argument, IReadOnlyList<string> References)
{
    private const ulong DetachedFlag = 1;
    private const int MaxReferences = 1000;

    /// <summary>Reads it.</summary>
    /// <param name="request">What follows the request's kind.</param>
    /// <exception cref="StateEncodingException">It cannot be read.</exception>
    public static CallRequest Read(ReadOnlySpan<byte> request)
    {
        var reader = new ByteReader(request);
        var function = reader.ReadText();
        var flags = reader.ReadVarint();
        var value = reader.ReadBytes();
        if (flags > DetachedFlag || (!value.IsEmpty && value[0] > (byte)PayloadTag.Text))
        {
            throw new StateEncodingException("The flags, or the tag of the argument, are unknown.");
        }

        // The request is gone when the call goes on without its caller.
        Payload? argument = value.IsEmpty ? null : new Payload(value.ToArray());
        var count = reader.ReadCount();
        if (count > MaxReferences)
        {
            throw new StateEncodingException($"An argument may refer to {MaxReferences} keys.");
        }

        var references = count == 0 ? [] : new string[count];
        for (var i = 0; i < count; i++)
        {
            references[i] = reader.ReadText();
        }

        return reader.IsAtEnd ? new CallRequest(function, flags == DetachedFlag, argument, references) : throw new StateEncodingException("Something follows the request.");
    }
}
