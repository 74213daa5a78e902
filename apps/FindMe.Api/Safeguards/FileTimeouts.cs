using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Limits the duration of an upload, because it occupies one of few slots: see <see cref="FileLimits"/>.</summary>
internal static class FileTimeouts
{
    // How often an upload's progress is checked.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Answers 408 to uploads that are too slow. Call it after the rate limiter, so that the time spent waiting for a slot does not count.</summary>
    public static void UseFileTimeouts(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (UploadMetadata.Of(context) is not { } file)
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
            // Also covers Kestrel's own minimum rate. Close the connection rather than read the rest of the body.
            context.Response.Headers.Connection = "close";
            await Problems.TooSlow.ExecuteAsync(context);
        }
    });

    /// <summary>A request body that ends with 408 at its timeout, or when it is slow while others wait.</summary>
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
            // Cancelled by CancelPendingRead: after a read cancelled by a token Kestrel could not drain the body, and would log an error.
            var result = await _body.ReadAsync(cancellationToken);
            if (result.IsCanceled)
            {
                _body.AdvanceTo(result.Buffer.Start);
                throw new BadHttpRequestException("The upload was too slow.", StatusCodes.Status408RequestTimeout);
            }

            // Copy before AdvanceTo, which returns the memory to the pool.
            var length = (int)Math.Min(result.Buffer.Length, buffer.Length);
            var isLast = result.IsCompleted && result.Buffer.Length == length;
            var read = result.Buffer.Slice(0, length);
            read.CopyTo(buffer.Span);
            _body.AdvanceTo(read.End);
            Interlocked.Add(ref _bytes, length);
            if (isLast)
            {
                // The body is complete, so its processing is not limited.
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
                        && files.HasWaiting(context);
                    if (elapsed > timeout || isContended)
                    {
                        _body.CancelPendingRead();
                        return;
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The body is complete, or the request has ended.
            }
        }
    }
}
