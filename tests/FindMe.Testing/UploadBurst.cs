using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using FindMe.Faces;
using FindMe.Local;

namespace FindMe.Testing;

/// <summary>Uploads many large files at once, alternately photos and ZIP files, each from a different person and address.</summary>
internal static class UploadBurst
{
    /// <summary>Uploads the files, retrying each until it is accepted, and returns Api's peak memory. Linux only.</summary>
    /// <param name="system">A system whose Api has just started.</param>
    /// <param name="files">Number of files.</param>
    /// <param name="bytes">Size of each file, in bytes.</param>
    /// <returns>The response statuses, and the peak memory in MiB.</returns>
    public static async Task<(IReadOnlyList<HttpStatusCode> Statuses, int Peak)> RunAsync(LocalSystem system, int files, int bytes)
    {
        var (picture, zip) = (Picture(bytes), Zip(bytes));
        var statuses = await Task.WhenAll(Enumerable.Range(0, files).Select(number => SendAsync(system.Page, number, number % 2 == 0 ? picture : zip, isZip: number % 2 == 1)));
        var process = system.Processes.Running().First(process => process.Name == "findme-api").Id;
        return (statuses, PeakOf(process));
    }

    private static async Task<HttpStatusCode> SendAsync(Uri page, int number, byte[] file, bool isZip)
    {
        // Different loopback addresses, so that limits per address do not apply.
        var from = IPAddress.Parse($"127.0.{10 + (number / 250)}.{1 + (number % 250)}");
        using var http = new HttpClient(Visitor.Handler(from, new CookieContainer()))
        {
            BaseAddress = page,
            Timeout = TimeSpan.FromMinutes(5),
            // Expect: 100-continue, so that a rejected body is not sent again and again.
            DefaultRequestHeaders = { ExpectContinue = true },
        };
        var consent = await http.GetFromJsonAsync<Consent>("/api/consent");
        using (var agreed = await http.PostAsJsonAsync("/api/consent", new { consent!.Version }))
        {
            agreed.EnsureSuccessStatusCode();
        }

        while (true)
        {
            using HttpContent content = isZip
                ? Body(file, "application/zip")
                : new MultipartFormDataContent { { Body(file, "image/jpeg"), "photo", "me.jpg" }, { new StringContent("0"), "face" } };
            using var answer = await http.PostAsync(new Uri(isZip ? "/api/uploads" : "/api/references", UriKind.Relative), content);
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return answer.StatusCode;
            }

            await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1));
        }
    }

    private static ByteArrayContent Body(byte[] bytes, string type) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    // A demo photo, padded after its end to the requested size.
    private static byte[] Picture(int bytes)
    {
        var photo = PhotoRendering.ToJpeg(File.ReadAllBytes(Checkouts.DemoPhotos[0]), 1920);
        Array.Resize(ref photo, bytes);
        return photo;
    }

    private static byte[] Zip(int bytes)
    {
        var noise = new byte[bytes - 1_000];
        new Random(1).NextBytes(noise);
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("noise.jpg", CompressionLevel.NoCompression).Open();
            entry.Write(noise);
        }

        return file.ToArray();
    }

    // VmHWM of proc(5): the peak resident set size.
    private static int PeakOf(int process) => int.Parse(
        File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;

    private sealed record Consent(string Version);
}
