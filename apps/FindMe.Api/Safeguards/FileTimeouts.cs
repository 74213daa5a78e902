using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Bounds the time that a file takes to come, since it holds one of few places meanwhile: see <see cref="FileLimits"/>.</summary>
internal static class FileTimeouts
{
    // How often a body is looked at.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Answers with 408 what comes too slowly. Belongs after the rate limiter: a request that waits for its place uses up no time.</summary>
    public static void UseFileTimeouts(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (FileTaken.By(context) is not { } file)
        {
            await next(context);
            return;
        }

        var services = context.RequestServices;
        var limits = services.GetRequiredService<IOptions<ServerLimitOptions>>().Value;
        await using var body = new TimedBody(
            context, file.Timeout(limits), limits, services.GetRequiredService<FileLimits>(), services.GetRequiredService<TimeProvider>());
        context.Request.Body = body;
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status408RequestTimeout && !context.Response.HasStarted)
        {
            // Also where Kestrel's own slowest rate was missed. What is left of the body is not worth reading.
            context.Response.Headers.Connection = "close";
            await Problems.TooSlow.ExecuteAsync(context);
        }
    });

    /// <summary>A request's body that ends with 408 when its time is up, or when it is slow and others wait.</summary>
    private sealed class TimedBody : Stream
    {
        private readonly PipeReader _body;
        private readonly CancellationTokenSource _end = new();
        private readonly Task _watch;
        private long _bytes;

        public TimedBody(HttpContext context, TimeSpan timeout, ServerLimitOptions limits, FileLimits files, TimeProvider time)
        {
            _body = context.Request.BodyReader;
            _watch = WatchAsync(context, timeout, limits, files, time);
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            // Cancelled by its own method: after a read that a token ended Kestrel could not read the rest of the body away, and would log an error.
            var result = await _body.ReadAsync(cancellationToken);
            if (result.IsCanceled)
            {
                _body.AdvanceTo(result.Buffer.Start);
                throw new BadHttpRequestException("The file came too slowly.", StatusCodes.Status408RequestTimeout);
            }

            // Counted before it is given back: then its memory is somebody else's.
            var length = (int)Math.Min(result.Buffer.Length, buffer.Length);
            var isLast = result.IsCompleted && result.Buffer.Length == length;
            var read = result.Buffer.Slice(0, length);
            read.CopyTo(buffer.Span);
            _body.AdvanceTo(read.End);
            Interlocked.Add(ref _bytes, length);
            if (isLast)
            {
                // All of it has come: what is done with it may take longer.
                await _end.CancelAsync();
            }

            return length;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _watch;
            _end.Dispose();
            await base.DisposeAsync();
        }

        private async Task WatchAsync(HttpContext context, TimeSpan timeout, ServerLimitOptions limits, FileLimits files, TimeProvider time)
        {
            var started = time.GetTimestamp();
            using var timer = new PeriodicTimer(Interval, time);
            try
            {
                while (await timer.WaitForNextTickAsync(_end.Token))
                {
                    var elapsed = time.GetElapsedTime(started);
                    var isContended = elapsed > limits.BodyGrace
                        && Interlocked.Read(ref _bytes) < elapsed.TotalSeconds * limits.MinContendedBytesPerSecond
                        && files.IsWaitedFor(context);
                    if (elapsed > timeout || isContended)
                    {
                        _body.CancelPendingRead();
                        return;
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The body has come, or the request has ended.
            }
        }
    }
}
