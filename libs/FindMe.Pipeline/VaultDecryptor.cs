using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace FindMe.Pipeline;

/// <summary>Opens key rings that were wrapped while <see cref="Hosting.VaultDecryptor"/> had this name: their files name this type.</summary>
internal sealed class VaultDecryptor(IServiceProvider services) : IXmlDecryptor
{
    private readonly Hosting.VaultDecryptor _decryptor = new(services);

    public XElement Decrypt(XElement encryptedElement) => _decryptor.Decrypt(encryptedElement);
}
