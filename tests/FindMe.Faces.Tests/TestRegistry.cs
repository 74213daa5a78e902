using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FindMe.Faces.Tests;

/// <summary>A local npm registry that serves one file, with configurable faults.</summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    public TestRegistry()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/npm");

    /// <summary>The file served at every path.</summary>
    public byte[] Content { get; set; } = [];

    /// <summary>Numbers of bytes after which the next responses are cut off; later responses are complete.</summary>
    public Queue<int> CutOffAfter { get; } = [];

    /// <summary>Whether to support range requests.</summary>
    public bool ServesRanges { get; set; } = true;

    /// <summary>Status code of every response; 200 to serve the file.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Path and start of the requested range of each request.</summary>
    public ConcurrentQueue<(string Path, int? From)> Requests { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                await RespondAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
            {
                // The test has ended, or the client has disconnected.
            }
        }
    }

    private async Task RespondAsync(TcpClient client)
    {
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var path = (await reader.ReadLineAsync(_end.Token))?.Split(' ')[1] ?? "";
        int? from = null;
        while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } header)
        {
            if (header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
            {
                from = int.Parse(header["Range: bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            }
        }

        Requests.Enqueue((path, from));
        var (status, start) = Status != 200 ? (Status, Content.Length)
            : from is { } requested && ServesRanges ? (requested < Content.Length ? 206 : 416, Math.Min(requested, Content.Length))
            : (200, 0);
        var body = Content.AsMemory(start);
        var head = $"HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n"
            + (status == 206 ? $"Content-Range: bytes {start}-{Content.Length - 1}/{Content.Length}\r\n" : "") + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _end.Token);
        var sent = CutOffAfter.TryDequeue(out var bytes) ? Math.Min(bytes, body.Length) : body.Length;
        await stream.WriteAsync(body[..sent], _end.Token);
    }
}
