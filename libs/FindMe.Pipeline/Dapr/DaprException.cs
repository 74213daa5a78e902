using System.Net;

namespace FindMe.Pipeline.Dapr;

/// <summary>A call of Dapr's API failed, or its outcome is not known. Repeating the delivery that it happened in is safe.</summary>
/// <param name="message">What was tried, without any of the data.</param>
/// <param name="status">The sidecar's answer; null when it did not answer.</param>
/// <param name="innerException">Why it did not answer.</param>
/// <param name="errorCode">Dapr's <c>errorCode</c>; null where the answer has none.</param>
public sealed class DaprException(string message, HttpStatusCode? status, Exception? innerException = null, string? errorCode = null) : Exception(message, innerException)
{
    /// <summary>Whether the store's data is damaged: only the local sidecar tells, and no repetition helps.</summary>
    public bool IsDataDamaged { get; } = errorCode == "ERR_DATA_DAMAGED";

    /// <summary>The sidecar's answer; null when it did not answer.</summary>
    public HttpStatusCode? Status { get; } = status;
}
