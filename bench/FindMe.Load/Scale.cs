using System.Globalization;
using System.Text;
using FindMe.Pipeline;

namespace FindMe.Load;

/// <summary>Estimates the load of a conference from the time per photo: the table of docs/scale.md.</summary>
internal static class Scale
{
    // Azure Container Apps, Consumption, active (docs/azure.md): a replica of Compare has one core and 2 GiB.
    private const double DollarsPerReplicaSecond = 0.000024 + (2 * 0.000003);

    // Service Bus Standard beyond its included operations: publish, deliver and settle a photo, and its share of the batches.
    private const double DollarsPerOperation = 0.8e-6;
    private const double OperationsPerPhoto = 10;

    // A replica is scaled in only after KEDA's cooldown without events (infra/modules/app.bicep).
    private const int CooldownSeconds = 300;

    private const int Photos = 100_000;
    private const int Searches = 20;

    private static readonly int[] Replicas = [1, 2, 5, 10, 20, 50, 100];

    /// <summary>Creates the table.</summary>
    /// <param name="secondsPerPhoto">Core seconds to fetch, compare and settle a photo.</param>
    public static string Table(double secondsPerPhoto)
    {
        var table = new StringBuilder();
        table.AppendLine($"| replicas of Compare | photos per second | {Photos:N0} photos take | age of an event, {Searches} concurrent searches | age, one search | dollars for {Photos:N0} photos |");
        table.AppendLine("|---|---|---|---|---|---|");
        foreach (var replicas in Replicas)
        {
            var rate = replicas / secondsPerPhoto;
            // Between half a batch and one and a half batches are in the queue.
            var perSearch = PhotoBatch.Size;

            // A single search uses at most as many replicas as it has photos in the queue.
            var alone = Math.Min(replicas, perSearch) / secondsPerPhoto;
            var dollars = (Photos * secondsPerPhoto * DollarsPerReplicaSecond)
                + (replicas * CooldownSeconds * DollarsPerReplicaSecond)
                + (Photos * OperationsPerPhoto * DollarsPerOperation);
            table.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {replicas} | {rate:0.#} | {Duration(Photos / rate)} | {Duration(Searches * perSearch / rate)} | {Duration(perSearch / alone)} | {dollars:0.00} |"));
        }

        return table.ToString();
    }

    private static string Duration(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.#} h"),
    };
}
