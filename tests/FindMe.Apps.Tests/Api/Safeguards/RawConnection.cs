using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FindMe.Apps.Tests.Api;

/// <summary>A connection that sends what no HTTP client would.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    /// <summary>Connects.</summary>
    /// <param name="port">The server's port on this machine.</param>
    /// <param name="from">The address to come from, one of 127.0.0.0/8; null: the usual one.</param>
    public static RawConnection Open(int port, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        socket.Connect(IPAddress.Loopback, port);
        return new RawConnection(socket);
    }

    /// <summary>Sends text.</summary>
    /// <returns>Whether the other side still takes it.</returns>
    public bool TrySend(string text) => TrySend(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends bytes.</summary>
    /// <returns>Whether the other side still takes them.</returns>
    public bool TrySend(byte[] bytes)
    {
        try
        {
            for (var sent = 0; sent < bytes.Length;)
            {
                sent += _socket.Send(bytes.AsSpan(sent));
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends a piece every so often until the other side closes the connection.</summary>
    /// <returns>How long it held out.</returns>
    public async Task<TimeSpan> DribbleAsync(string piece, TimeSpan pause)
    {
        var watch = Stopwatch.StartNew();
        var closed = ReadAsync();
        while (!closed.IsCompleted && TrySend(piece))
        {
            await Task.WhenAny(closed, Task.Delay(pause));
        }

        await closed;
        return watch.Elapsed;
    }

    /// <summary>Reads until the other side closes the connection, which it is to do within half a minute.</summary>
    public async Task<RawAnswer> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var answer = new MemoryStream();
        var buffer = new byte[1 << 16];
        try
        {
            while (await _socket.ReceiveAsync(buffer, deadline.Token) is > 0 and var count)
            {
                answer.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // Closed with a reset: what came before it counts.
        }

        var text = Encoding.UTF8.GetString(answer.ToArray());
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return end < 0
            ? new RawAnswer(0, text, "")
            : new RawAnswer(int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), text[..end], text[(end + 4)..]);
    }

    /// <summary>Reads the head of an answer, which may be the one that asks for the body.</summary>
    /// <returns>The status; 0: the connection was closed without an answer.</returns>
    /// <exception cref="OperationCanceledException">There is none yet.</exception>
    public async Task<int> ReadStatusAsync(CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var buffer = new byte[1];
        try
        {
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await _socket.ReceiveAsync(buffer, cancellationToken) == 0)
                {
                    return 0;
                }

                head.Append((char)buffer[0]);
            }
        }
        catch (SocketException)
        {
            return 0;
        }

        return int.Parse(head.ToString().AsSpan(9, 3), CultureInfo.InvariantCulture);
    }

    /// <summary>Sends one request and reads its answer.</summary>
    public Task<RawAnswer> AskAsync(string request)
    {
        TrySend(request);
        return ReadAsync();
    }

    public void Dispose() => _socket.Dispose();
}
