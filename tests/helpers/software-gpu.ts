/** SwiftShader, the software Vulkan driver of Debian's chromium package, where no other is named: WebGPU without a GPU. */
import { existsSync } from 'node:fs';

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';

export function useSoftwareGpu(): void {
  if (existsSync(DRIVER)) process.env['VK_DRIVER_FILES'] ??= DRIVER;
}
