using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Virga.Gateway;

/// <summary>Where the certificate for HTTPS is.</summary>
/// <param name="CertificateFile">PEM file of the certificate.</param>
/// <param name="KeyFile">PEM file of its private key, not encrypted.</param>
public sealed record GatewayCertificate(string CertificateFile, string KeyFile)
{
    /// <exception cref="GatewayStartException">The files cannot be read or do not belong together.</exception>
    internal X509Certificate2 Load()
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new GatewayStartException($"The gateway's certificate {CertificateFile} with the key {KeyFile} cannot be used: {exception.Message} Give a PEM certificate and its unencrypted PEM key.", exception);
        }
    }
}
