using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FindMe.Faces.Tests;

/// <summary>An npm registry on this machine that serves one file, and breaks off or misbehaves as it is told.</summary>
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

    /// <summary>What is served under every path.</summary>
    public byte[] Content { get; set; } = [];

    /// <summary>Bytes after which each of the next answers breaks off; the others are whole.</summary>
    public Queue<int> BreaksOffAfter { get; } = [];

    /// <summary>Whether a part can be asked for.</summary>
    public bool ServesRanges { get; set; } = true;

    /// <summary>The status of every answer; 200 to serve.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Path and range of each request.</summary>
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
                await AnswerAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
            {
                // The test is over, or the client has hung up.
            }
        }
    }

    private async Task AnswerAsync(TcpClient client)
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
            : from is { } asked && ServesRanges ? (asked < Content.Length ? 206 : 416, Math.Min(asked, Content.Length))
            : (200, 0);
        var body = Content.AsMemory(start);
        var head = $"HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n"
            + (status == 206 ? $"Content-Range: bytes {start}-{Content.Length - 1}/{Content.Length}\r\n" : "") + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _end.Token);
        var sent = BreaksOffAfter.TryDequeue(out var bytes) ? Math.Min(bytes, body.Length) : body.Length;
        await stream.WriteAsync(body[..sent], _end.Token);
    }
}
