namespace Virga.Composition.Calls;

/// <summary>How a call on another node went. The numbers are sent: they never change.</summary>
internal enum RemoteAnswerKind : byte
{
    /// <summary>The node does not know the function's version yet: nothing was called.</summary>
    NotHere = 0,

    /// <summary>The function has answered.</summary>
    Answered = 1,

    /// <summary>There is a problem instead.</summary>
    Failed = 2,
}
