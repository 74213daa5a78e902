using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FindMe.Recognition.Tests;

/// <summary>A web server that responds to every request with 200 and the same page.</summary>
internal sealed class FixedResponseServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public FixedResponseServer(string page)
    {
        _listener.Start();
        _ = ServeAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {page.Length}\r\nConnection: close\r\n\r\n{page}"));
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(byte[] response)
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                _ = await stream.ReadAsync(new byte[1 << 16]);
                await stream.WriteAsync(response);

                // Read the rest of the request: closing the connection with unread data would reset it and discard the response.
                client.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // The test has ended.
        }
    }
}
