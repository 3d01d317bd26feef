/**
 * Modules of the kernel tree that use pages for others (file systems, block and network core, hypervisors, RDMA,
 * graphics): their functions are in the rules, and what the rules do not know of them is not the module's own.
 * Any other module that stands in a stack is taken as the holder, and named: out-of-tree drivers above all.
 *
 * From the Makefiles of 6.1; names as the kernel prints them, with `_`.
 */
const IN_TREE_MODULES: ReadonlySet<string> = new Set(
  `
  9p 9pnet 9pnet_virtio afs autofs4 bcachefs btrfs cachefiles ceph cifs coda cramfs ecryptfs efs erofs exfat ext2 ext4
  f2fs fat fscache fuse gfs2 grace hfs hfsplus hpfs isofs jbd2 jffs2 jfs ksmbd libceph lockd mbcache minix msdos netfs
  nfs nfs_acl nfsd nfsv2 nfsv3 nfsv4 nfs_layout_flexfiles nfs_layout_nfsv41_files nilfs2 ntfs ntfs3 ocfs2 ocfs2_dlm
  omfs orangefs overlay qnx4 qnx6 quota_v2 reiserfs romfs squashfs sunrpc sysv ubifs udf ufs vboxsf vfat virtiofs xfs
  zonefs
  bcache brd dm_bufio dm_cache dm_crypt dm_integrity dm_log dm_mirror dm_mod dm_multipath dm_snapshot dm_thin_pool
  dm_verity drbd iscsi_tcp libata libiscsi loop md_mod mmc_block nbd null_blk nvme nvme_core nvme_fabrics nvme_rdma
  nvme_tcp nvmet raid0 raid1 raid10 raid456 rbd rnbd_client scsi_mod scsi_transport_iscsi sd_mod sg sr_mod st
  target_core_mod ublk_drv virtio_blk virtio_scsi zram
  af_alg af_packet algif_hash algif_skcipher algif_aead bonding br_netfilter bridge ip_tables ipv6 kcm macvlan macvtap
  nf_conntrack nf_tables openvswitch rds rds_rdma rds_tcp rxrpc sctp tap tls tun unix veth virtio_net vmw_vsock_virtio_transport
  vsock xsk_diag x_tables
  iommufd kvm kvm_amd kvm_arm kvm_hv kvm_intel vdpa vduse vfio vfio_iommu_spapr_tce vfio_iommu_type1 vfio_pci
  vfio_pci_core vhost vhost_iotlb vhost_net vhost_scsi vhost_vdpa vhost_vsock vmw_balloon hv_balloon virtio_balloon
  virtio_mem virtio_pci virtio_ring xen_gntdev xen_privcmd xen_netback xen_netfront xen_blkback xen_blkfront
  hfi1 ib_core ib_iser ib_umem ib_uverbs mlx4_ib mlx5_ib rdma_cm rdma_rxe rdma_ucm rdmavt siw usnic_verbs
  amdgpu drm drm_gem_shmem_helper drm_kms_helper drm_shmem_helper drm_ttm_helper etnaviv exynosdrm i915 lima msm
  nouveau panfrost radeon ttm udmabuf v3d vc4 virtio_gpu vmwgfx xe
  videobuf2_common videobuf2_dma_contig videobuf2_dma_sg videobuf2_memops videobuf2_vmalloc videobuf2_v4l2
  binder_linux bpf gup_test test_hmm z3fold zsmalloc zswap
  `
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Whether a module is one of the kernel tree's that serve others. */
export function isInTreeModule(module: string): boolean {
  return IN_TREE_MODULES.has(module.replaceAll('-', '_'));
}
