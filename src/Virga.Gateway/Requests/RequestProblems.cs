using System.Globalization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;

namespace Virga.Gateway.Requests;

/// <summary>Says as a problem what a client did wrong while its request was read.</summary>
internal static class RequestProblems
{
    /// <summary>The problem behind an exception of the server; null when the client is not to blame.</summary>
    public static Problem? Of(Exception exception, long maxBodyBytes) => exception switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => BodyTooLarge(maxBodyBytes),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } slow => KnownProblems.RequestTooSlow(slow.Message),
        BadHttpRequestException bad => KnownProblems.InvalidRequest(bad.Message),
        ConnectionAbortedException or ConnectionResetException or IOException => KnownProblems.ClientGone(),
        _ => null,
    };

    public static Problem BodyTooLarge(long maxBodyBytes) =>
        KnownProblems.BodyTooLarge(string.Create(CultureInfo.InvariantCulture, $"The limit is {maxBodyBytes} bytes."));
}
