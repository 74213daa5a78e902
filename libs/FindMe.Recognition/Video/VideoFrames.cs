using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A video cannot be read. The message is one line that also says what to do.</summary>
/// <param name="message">What is wrong, and what to do.</param>
public sealed class VideoException(string message) : Exception(message);

/// <summary>A decoded frame of a video.</summary>
/// <param name="Time">Time since the beginning of the video.</param>
/// <param name="Pixels">The decoded picture.</param>
public sealed record VideoFrame(TimeSpan Time, PhotoPixels Pixels);

/// <summary>Decodes the frames of a video file with the installed ffmpeg, in a separate process.</summary>
/// <remarks>
/// Videos are untrusted. ffmpeg may open local files only, accepts only containers of films (no playlists, which could name other files),
/// and shrinks frames to the size that the engine uses.
/// </remarks>
public sealed class VideoFrames
{
    // Formats of phones, cameras and social networks. Excludes ffmpeg's playlists, scripts and devices.
    private const string Containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,ogg,asf,gif";

    // Rejects headers that claim larger frames. A frame of 8K video has 33 million pixels.
    private const string MaxPixels = "36000000";

    // Each decoder thread keeps frames of its own. Without a limit, ffmpeg would start one thread per core.
    private const string Threads = "2";

    private const int MaxErrorLength = 200;

    // The first video stream that is not the cover picture of a song.
    private const string Pictures = "V:0";

    // The only environment variables that ffmpeg inherits: it decodes untrusted files and must not see our secrets.
    private static readonly string[] InheritedVariables = ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "TEMP"];

    // The video is truncated if more than this is missing at its end. Not zero, because sound may end later than the pictures.
    private static readonly TimeSpan MaxMissing = TimeSpan.FromSeconds(2);

    // Upper bound on the duration of a frame. To read one frame, decode from this much earlier, since the frame may have started before.
    private static readonly TimeSpan LongestFrame = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly string _ffmpeg;

    private VideoFrames(string path, string ffmpeg, TimeSpan? duration) => (_path, _ffmpeg, Duration) = (path, ffmpeg, duration);

    /// <summary>Duration of the video; null if its container does not specify it.</summary>
    public TimeSpan? Duration { get; }

    /// <summary>Whether this machine can read videos: ffmpeg and ffprobe are in the PATH.</summary>
    public static bool AreSupported => TryFindProgram("ffmpeg") is not null && TryFindProgram("ffprobe") is not null;

    /// <summary>Why decoding stopped before the end of the video, in one line. Null if it did not, or has not finished.</summary>
    public string? Damage { get; private set; }

    /// <summary>Opens a video and reads its duration.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops ffprobe.</param>
    /// <exception cref="VideoException">ffmpeg is not installed, or the file is not a video.</exception>
    public static async Task<VideoFrames> OpenAsync(string path, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(path))
        {
            throw new VideoException(Directory.Exists(path) ? $"{path} is a folder: name a video file." : $"There is no file {path}.");
        }

        var (ffmpeg, ffprobe) = (FindProgram("ffmpeg"), FindProgram("ffprobe"));
        using var probe = Start(ffprobe, [.. Input(path), "-select_streams", Pictures, "-show_entries", "format=duration,start_time:stream=codec_type,duration:stream_tags=DURATION", "-of", "default=noprint_wrappers=1"]);
        await using var stop = cancellationToken.Register(() => Kill(probe));
        var errors = ReadTailAsync(probe.StandardError);
        var probeOutput = await probe.StandardOutput.ReadToEndAsync(cancellationToken);
        await probe.WaitForExitAsync(cancellationToken);
        if (probe.ExitCode != 0 || !probeOutput.Contains("codec_type=video", StringComparison.Ordinal))
        {
            throw new VideoException($"{path} cannot be read as a video{LastLine(await errors)}.");
        }

        return new VideoFrames(path, ffmpeg, DurationIn(probeOutput));
    }

    /// <summary>Reads frames at fixed intervals, starting at 0.</summary>
    /// <param name="every">Interval, 10 ms to 1 hour.</param>
    /// <param name="cancellationToken">Stops ffmpeg.</param>
    /// <returns>The frames in order. ffmpeg pauses while the consumer processes a frame.</returns>
    /// <exception cref="VideoException">No frame can be decoded.</exception>
    public IAsyncEnumerable<VideoFrame> ReadAsync(TimeSpan every, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, TimeSpan.FromMilliseconds(10));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(every, TimeSpan.FromHours(1));
        return ReadFromAsync(TimeSpan.Zero, every, cancellationToken);
    }

    /// <summary>Reads the frame shown at a time, without decoding everything before it.</summary>
    /// <param name="time">The time, 0 to the duration of the video.</param>
    /// <param name="cancellationToken">Stops ffmpeg.</param>
    /// <exception cref="VideoException">No frame can be decoded there.</exception>
    public async Task<PhotoPixels> ReadAtAsync(TimeSpan time, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var from = time > LongestFrame ? time - LongestFrame : TimeSpan.Zero;
        var step = time - from;
        VideoFrame? last = null;
        await foreach (var frame in ReadFromAsync(from, step > TimeSpan.FromMilliseconds(10) ? step : LongestFrame, cancellationToken))
        {
            last = frame;
            if (frame.Time >= step)
            {
                break;
            }
        }

        return last!.Pixels;
    }

    private async IAsyncEnumerable<VideoFrame> ReadFromAsync(TimeSpan from, TimeSpan every, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // format=rgb24: videos of more than 8 bits per channel would keep them. round=up: a sample shows the last frame that started at or before its time, as in a player.
        var filter = $"fps=1000/{(int)every.TotalMilliseconds}:round=up:start_time=0,"
            + $"scale=w='min(iw,{FaceEngine.WorkingSide})':h='min(ih,{FaceEngine.WorkingSide})':force_original_aspect_ratio=decrease,format=rgb24";
        using var ffmpeg = Start(_ffmpeg, ["-nostdin", "-ss", from.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), .. Input(_path), "-map", $"0:{Pictures}", "-vf", filter, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]);
        await using var stop = cancellationToken.Register(() => Kill(ffmpeg));
        var errors = ReadTailAsync(ffmpeg.StandardError);
        var count = 0;
        try
        {
            var input = new BufferedStream(ffmpeg.StandardOutput.BaseStream, 1 << 16);
            while (await TryReadFrameAsync(input, cancellationToken) is { } pixels)
            {
                yield return new VideoFrame(every * count, pixels);
                count++;
            }

            await ffmpeg.WaitForExitAsync(cancellationToken);

            // Without this, a cancelled run would look like the end of the video.
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            Kill(ffmpeg);
        }

        var errorText = await errors;
        var lastError = LastLine(errorText);
        if (count == 0)
        {
            throw new VideoException($"{_path}: no frame of the video can be decoded{lastError}.");
        }

        // ffmpeg does not report truncated files, but their containers still contain the original duration.
        var end = from + (every * count);
        Damage = ffmpeg.ExitCode != 0 || Duration - end > MaxMissing || errorText.Contains("partial file", StringComparison.Ordinal) ? $"{_path} ends after {end:hh\\:mm\\:ss}{lastError}." : null;
    }

    // Prefers the duration of the video stream: sound may continue long after it, and either may start late.
    private static TimeSpan? DurationIn(string probeOutput)
    {
        var lines = probeOutput.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).Where(field => field.Length == 2).ToList();
        var durations = lines.Where(field => field[0] == "duration").Select(field => Seconds(field[1])).ToList();
        var tag = lines.Where(field => field[0] == "TAG:DURATION").Select(field => SecondsOfTag(field[1])).FirstOrDefault();
        var start = lines.Where(field => field[0] == "start_time").Select(field => Seconds(field[1])).FirstOrDefault() ?? 0;

        // ffprobe prints the stream's duration first, then the container's. Matroska counts from 0, wherever the video starts.
        var seconds = durations.Count > 1 && durations[0] is { } pictures ? pictures : (tag ?? durations.LastOrDefault()) - Math.Max(0, start);
        return seconds is > 0 and < 1e6 ? TimeSpan.FromSeconds(seconds.Value) : null;

        static double? Seconds(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

        // 00:00:08.600000000
        static double? SecondsOfTag(string text) =>
            text.Split(':') is [var hours, var minutes, var seconds] && Seconds(hours) is { } h && Seconds(minutes) is { } m && Seconds(seconds) is { } s ? (h * 3600) + (m * 60) + s : null;
    }

    private static string[] Input(string path) =>
        ["-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file", "-format_whitelist", Containers, "-max_pixels", MaxPixels, "-threads", Threads, "-i", $"file:{path}"];

    // Binary PPM of Netpbm as ffmpeg writes it: "P6", width, height and 255, separated by white space, one white space, then the rows.
    private static async Task<PhotoPixels?> TryReadFrameAsync(BufferedStream input, CancellationToken cancellationToken)
    {
        var header = new List<byte>();
        var fields = 0;
        while (fields < 4)
        {
            var next = input.ReadByte();
            if (next < 0 && header.Count == 0)
            {
                return null;
            }

            if (next < 0 || header.Count > 40)
            {
                throw UnreadableFrame();
            }

            header.Add((byte)next);
            fields += char.IsWhiteSpace((char)next) ? 1 : 0;
        }

        var words = System.Text.Encoding.ASCII.GetString([.. header]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words is not ["P6", var across, var down, "255"]
            || !int.TryParse(across, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            || !int.TryParse(down, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            || width is < 1 or > FaceEngine.WorkingSide
            || height is < 1 or > FaceEngine.WorkingSide)
        {
            throw UnreadableFrame();
        }

        // An incomplete frame means that ffmpeg ended while writing it: treat it as the end of the video.
        var rgb = new byte[width * height * 3];
        return await input.ReadAtLeastAsync(rgb, rgb.Length, throwOnEndOfStream: false, cancellationToken) == rgb.Length
            ? new PhotoPixels(width, height, rgb)
            : null;

        static VideoException UnreadableFrame() => new("ffmpeg returned frames in an unexpected format: install another version.");
    }

    // Keeps only the end of the output: for a damaged video, ffmpeg can write gigabytes of errors.
    private static async Task<string> ReadTailAsync(StreamReader reader)
    {
        var (tail, buffer) = ("", new char[1 << 12]);
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            tail += new string(buffer, 0, count);
            tail = tail.Length > buffer.Length ? tail[^buffer.Length..] : tail;
        }

        return tail;
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var name in start.Environment.Keys.Except(InheritedVariables, StringComparer.OrdinalIgnoreCase).ToList())
        {
            start.Environment.Remove(name);
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception exception)
        {
            throw new VideoException($"Failed to start {program}: {exception.Message}.");
        }
    }

    private static string FindProgram(string name) =>
        TryFindProgram(name)
        ?? throw new VideoException($"Videos need {name}, which is not installed: apt install ffmpeg, brew install ffmpeg, or https://ffmpeg.org/download.html.");

    // Searches the PATH only. Process.Start would look in the working directory first, where a download could be named ffmpeg.
    private static string? TryFindProgram(string name)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // The process has already exited.
        }
    }

    // Untrusted: ffmpeg's messages can quote the file.
    private static string LastLine(string text)
    {
        var line = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(line => !line.StartsWith("Last message repeated", StringComparison.Ordinal)) ?? "";
        return line.Length == 0 ? "" : $": {(line.Length > MaxErrorLength ? line[..MaxErrorLength] : line).TrimEnd('.')}";
    }
}
