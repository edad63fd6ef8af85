using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class ProtocolTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Both_versions_of_http_are_spoken_on_one_port_without_tls(string version)
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", invocation => ScriptedResult.Answer(200, invocation.BodyAsText(), ("x-a", "1")));

        for (var i = 0; i < 3; i++)
        {
            using var request = Request(gateway.Address, version);
            using var response = await gateway.Client.SendAsync(request, Cancellation);

            response.Version.ShouldBe(new Version(version));
            (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe("body");
        }
    }

    [Fact]
    public async Task A_stream_over_http_2_arrives_piece_by_piece()
    {
        var pipe = new Pipe();
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Streamed(pipe.Reader));
        using var request = Request(gateway.Address, "2.0");
        using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);

        await pipe.Writer.WriteAsync("piece"u8.ToArray(), Cancellation);
        (await body.ReadAsync(new byte[10], Cancellation)).ShouldBe(5);
        await pipe.Writer.CompleteAsync();
        (await body.ReadAsync(new byte[10], Cancellation)).ShouldBe(0);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task With_a_certificate_the_version_is_agreed_on_by_alpn(string version)
    {
        using var folder = new TemporaryFolder();
        var certificate = MakeCertificate(folder, out var thumbprint);
        await using var gateway = (await RunningGateway.StartAsync(new GatewayOptions { Certificate = certificate })).With("hello", _ => ScriptedResult.Json("1"));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString(HashAlgorithmName.SHA256) == thumbprint,
            },
        });

        using var request = Request(gateway.Address, version);
        using var response = await client.SendAsync(request, Cancellation);

        gateway.Address.Scheme.ShouldBe("https");
        response.Version.ShouldBe(new Version(version));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_certificate_that_is_missing_is_named()
    {
        var options = new GatewayOptions { Certificate = new GatewayCertificate("/no/such.pem", "/no/such.key") };

        var exception = await Should.ThrowAsync<GatewayStartException>(async () => await RunningGateway.StartAsync(options));

        exception.Message.ShouldContain("/no/such.pem");
    }

    private static HttpRequestMessage Request(Uri address, string version) => new(HttpMethod.Post, new Uri(address, "/f/hello"))
    {
        Version = new Version(version),
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = new StringContent("body"),
    };

    private static GatewayCertificate MakeCertificate(TemporaryFolder folder, out string thumbprint)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        thumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        return new GatewayCertificate(folder.Write("cert.pem", certificate.ExportCertificatePem()), folder.Write("key.pem", key.ExportPkcs8PrivateKeyPem()));
    }
}
