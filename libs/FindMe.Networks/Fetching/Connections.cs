using System.Net;
using System.Net.Sockets;

namespace FindMe.Networks;

/// <summary>Opens connections to public addresses only.</summary>
/// <remarks>
/// Checks the very address that it connects to, so that a name whose address changes, or that a redirect introduces, cannot lead to
/// the internal network.
/// </remarks>
internal sealed class Connections(FetchOptions options, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    private readonly HashSet<string> _allowed = new(options.AllowedPrivateHosts, StringComparer.OrdinalIgnoreCase);

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="FetchException">The host has no public address.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        if (!_allowed.Contains($"{host}:{port}"))
        {
            addresses = [.. addresses.Where(PublicAddresses.IsPublic)];
        }

        if (addresses.Length == 0)
        {
            throw new FetchException(FetchProblem.ForbiddenAddress, "The address does not belong to the public internet.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
